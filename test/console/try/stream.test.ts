import { ownAddress, revisionAddress } from '../../../console/try/address.ts';
import { escaped, escapedJson } from '../../../console/try/escapes.ts';
import { sizeFor, tensorOf } from '../../../console/try/pixels.ts';
import { peaksOf, waveOf } from '../../../console/try/sound.ts';
import { errorIn, eventsIn, pieceOf } from '../../../console/try/stream.ts';

describe('a stream of events', () => {
  const whole =
    'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"delta":{"content":"lo"}}]}\n\ndata: [DONE]\n\n';

  it('says the same however it is cut', () => {
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const first = eventsIn(whole.slice(0, cut));
      const second = eventsIn(first.rest + whole.slice(cut));

      const said = [...first.data, ...second.data].map((data) => pieceOf(data).text).join('');
      expect(said).toBe('Hello');
    }
  });

  it('has the text of a completion and the words of an error', () => {
    expect(pieceOf('{"choices":[{"text":" on"}]}')).toEqual({ text: ' on', error: '' });
    expect(pieceOf('{"error":{"message":"out of memory"}}').error).toBe('out of memory');
    expect(pieceOf('{"choices":[{"delta":{"role":"assistant","content":null}}]}').text).toBe('');
    expect(pieceOf('no json')).toEqual({ text: '', error: '' });
  });

  it('may have lines that end as on Windows, and events of several lines', () => {
    expect(eventsIn(': ping\r\n\r\ndata: a\r\ndata: b\r\n\r\n').data).toEqual(['a\nb']);
  });
});

it.each([
  [undefined, ''],
  ['wrong', 'wrong'],
  [{ message: 'wrong' }, 'wrong'],
  [{ code: 7 }, '{"code":7}'],
])('an error as %j is said as %j', (error, said) => {
  expect(errorIn(error)).toBe(said);
});

describe('the address of a model', () => {
  it.each([
    ['http://h/models/iris', 'http://h/models/iris'],
    ['http://h/models/iris/', 'http://h/models/iris'],
    ['http://h/models/iris/docs/?x=1#y', 'http://h/models/iris'],
    ['https://h/ml/models/docs', 'https://h/ml/models/docs'],
    ['https://h/ml/models/docs/docs', 'https://h/ml/models/docs'],
    ['https://h/_candidate/iris-v2/', 'https://h/_candidate/iris-v2'],
    ['https://h/iris/', 'https://h/iris'],
    ['https://h/iris/docs', 'https://h/iris'],
    ['https://h/ml/v1/models/m/', 'https://h/ml/v1/models/m'],
    ['https://h/', 'https://h'],
  ])('of the page %s is %s', (page, own) => {
    expect(ownAddress(page)).toBe(own);
  });

  it('has that of a revision beside it, below the same prefix', () => {
    expect(revisionAddress('https://h/ml/models/iris', 'iris-v2')).toBe(
      'https://h/ml/_candidate/iris-v2',
    );
    expect(revisionAddress('https://h/iris', 'iris-v2')).toBeUndefined();
    expect(revisionAddress('https://h/models/iris', '../x')).toBeUndefined();
  });
});

it('JSON with invisible characters as escapes has the same value', () => {
  const value = { 'a\u202e': 'b\u001b\u200b\u{E0041}', plain: 'ä \u{1F600}' };

  const json = escapedJson(value);

  expect(JSON.parse(json)).toEqual(value);
  expect(json).toContain('\\u202e');
  expect(json).toContain('ä \u{1F600}');
  expect(escaped('[1,\n2]')).toBe('[1,\n2]');
});

describe('the tensor of a picture', () => {
  // A red and a white pixel beside each other.
  const rgba = [255, 0, 0, 255, 255, 255, 255, 255];
  const size = { width: 2, height: 1 };
  const raster = (
    layout: 'planes' | 'pixels' | 'flat',
    channels: 1 | 3,
    shape: readonly number[],
  ) => ({ input: 'x', layout, channels, shape, width: -1, height: -1, isBytes: false }) as const;

  it('has one plane after another', () => {
    expect(tensorOf(rgba, size, raster('planes', 3, [-1, 3, -1, -1]), 'unit')).toEqual([
      [[[1, 1]], [[0, 1]], [[0, 1]]],
    ]);
  });

  it('has the colours beside each other', () => {
    expect(tensorOf(rgba, size, raster('pixels', 3, [1, -1, -1, 3]), 'bytes')).toEqual([
      [
        [
          [255, 0, 0],
          [255, 255, 255],
        ],
      ],
    ]);
  });

  it('of grey has the luminance, also in a flat row', () => {
    expect(tensorOf(rgba, size, raster('flat', 1, [-1, 2]), 'unit')).toEqual([[0.299, 1]]);
    expect(tensorOf(rgba, size, raster('planes', 1, [-1, -1, -1]), 'sixteen')).toEqual([[[5, 16]]]);
  });

  it('has the mean and deviation of ImageNet', () => {
    expect(tensorOf(rgba, size, raster('planes', 3, [1, 3, 1, 2]), 'imagenet')).toEqual([
      [[[2.2489, 2.2489]], [[-2.0357, 2.4286]], [[-1.8044, 2.64]]],
    ]);
  });

  it('has the model’s size, or else the picture’s own up to 640', () => {
    const natural = { width: 2000, height: 1000 };
    const of = (width: number, height: number) =>
      sizeFor({ ...raster('planes', 3, []), width, height }, natural);

    expect(of(224, 224)).toEqual({ width: 224, height: 224 });
    expect(of(-1, -1)).toEqual({ width: 640, height: 320 });
    expect(of(-1, 48)).toEqual({ width: 96, height: 48 });
    expect(of(100, -1)).toEqual({ width: 100, height: 50 });
  });
});

describe('the tensor of a sound', () => {
  it('has all samples where its length is free', () => {
    expect(waveOf([0.5, -0.25], [1, -1])).toEqual([[0.5, -0.25]]);
    expect(waveOf([0.5, -0.25], [-1, 1, -1])).toEqual([[[0.5, -0.25]]]);
    expect(waveOf([0.5, -0.25], [-1])).toEqual([0.5, -0.25]);
  });

  it('of fixed length is cut, or ends in silence', () => {
    expect(waveOf([1, 2, 3], [-1, 2])).toEqual([[1, 2]]);
    expect(waveOf([1], [-1, 3])).toEqual([[1, 0, 0]]);
  });

  it('is drawn from the loudest sample of each part', () => {
    expect(peaksOf([0, -0.5, 0.25, 3], 2)).toEqual([0.5, 1]);
    expect(peaksOf([], 4)).toEqual([]);
  });
});
