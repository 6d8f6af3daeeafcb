import { manifestOf } from '../../console/app/manifest-form.ts';
import { MODEL_NAME, nameFor } from '../../console/app/model-name.ts';
import { readRoute } from '../../console/app/route.ts';
import { bytes, duration, plain, relative } from '../../console/look/words.ts';

describe('the words of the console', () => {
  it('show invisible characters and marks of direction by their codes, and leave letters and emoji alone', () => {
    expect(plain('a\u202eb\u001b[31m\u200b\ufeff\u0007')).toBe(
      'a<U+202E>b<U+001B>[31m<U+200B><U+FEFF><U+0007>',
    );
    expect(plain('größe 温度 👩‍🔬\n\tעברית')).toBe('größe 温度 👩‍🔬\n\tעברית');
  });

  it('say sizes and times with as many digits as a person wants', () => {
    expect([0, 97, 1234, 5_300_000, 12_345_678_901].map(bytes)).toEqual([
      '0 B',
      '97 B',
      '1.23 kB',
      '5.30 MB',
      '12.3 GB',
    ]);
    expect([3, 918, 4200, 42_000, 185_000, 7_800_000].map(duration)).toEqual([
      '3 ms',
      '918 ms',
      '4.2 s',
      '42 s',
      '3 min 5 s',
      '2 h 10 min',
    ]);
    expect([1000, 90_000, 7_200_000, 259_200_000].map((ago) => relative(0, ago))).toEqual([
      'just now',
      '1 min. ago',
      '2 hr. ago',
      '3 days ago',
    ]);
  });

  it('make the name of a model of any file name', () => {
    const names = [
      'Digits 2.onnx',
      'größe_2.pkl',
      'model.tar.gz',
      `${'x'.repeat(60)}.onnx`,
      '-a-.onnx',
    ].map(nameFor);

    expect(names.filter((name) => !MODEL_NAME.test(name))).toEqual([]);
    expect(names.slice(0, 3)).toEqual(['digits-2', 'gro-e-2', 'model']);
  });
});

describe('a manifest by a form', () => {
  it('is nothing where nothing is filled in, and JSON that YAML reads where something is', () => {
    const nothing = { example: '', answer: '', memory: '', target: '' };

    expect(manifestOf(nothing)).toBe('');
    expect(
      JSON.parse(
        manifestOf({
          example: '[[1, 2]]',
          answer: '{"predictions": [1]}',
          memory: '600',
          target: 'fargate',
        }),
      ),
    ).toEqual({
      examples: [{ request: { inputs: [[1, 2]] }, expect: { predictions: [1] } }],
      resources: { memory: '600Mi' },
      placement: { target: 'fargate' },
    });
  });
});

describe('an address of the console', () => {
  it.each([
    ['', { page: 'models' }],
    ['#/', { page: 'models' }],
    ['#/events', { page: 'events' }],
    ['#/models/digits', { page: 'model', name: 'digits', part: '' }],
    ['#/models/digits/logs', { page: 'model', name: 'digits', part: 'logs' }],
    ['#/models/%3Cb%3E', { page: 'model', name: '<b>', part: '' }],
    ['#/models/%', { page: 'model', name: '%', part: '' }],
    ['#/deployments/ab', { page: 'deployment', id: 'ab' }],
    ['#/elsewhere', { page: 'models' }],
  ])('%j is read', (hash, route) => {
    expect(readRoute(hash)).toEqual(route);
  });
});
