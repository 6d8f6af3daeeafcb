import {
  examplesReader,
  MAX_EXAMPLES,
  MAX_EXAMPLES_BYTES,
  requireReadable,
} from '#domain/comparison/examples-file.ts';

const read =
  (...parts: readonly string[]) =>
  () => {
    const reader = examplesReader('models/a/examples.jsonl');
    for (const part of parts) reader.take(part);
    return reader.end();
  };

describe('a file of examples', () => {
  it('has a request in each line, with what is answered and what is true', () => {
    const text =
      '{"request": {"inputs": [[1]]}}\n\n{"request": 2, "expect": [3], "truth": null}\r\n';

    expect(read(text)()).toEqual([
      { request: { inputs: [[1]] }, text: '{"inputs":[[1]]}' },
      { request: 2, text: '2', expect: [3], truth: null },
    ]);
  });

  it('comes in parts that end anywhere', () => {
    const text = '{"request": 1}\n\n{"request": "a\\nb"}\n{"request": 1';
    const parts = [...text];

    expect(read(...parts, '2}')()).toEqual(read(text, '2}')());
    expect(read(...parts)).toThrow('line 4 is not JSON');
  });

  it('may be empty', () => {
    expect(read('\n')()).toEqual([]);
  });

  it.each([
    ['is not JSON', '{"request": 1}\n{"request": 1', 'models/a/examples.jsonl line 2 is not JSON'],
    ['is not an object', '[1]', 'line 1 is not an object with `request`'],
    ['has no request', '\n{"truth": 1}', 'line 2 is not an object with `request`'],
    [
      'nests deeper than a step can follow',
      `{"request": 1}\n{"request": ${'['.repeat(5000)}${']'.repeat(5000)}}`,
      'line 2 comes with JSON that nests more than 100 deep',
    ],
    ['has another key', '{"request": 1, "label": 2}', 'line 1 is not an object with `request`'],
  ])('is refused where a line %s, and the line is named', (_, text, message) => {
    expect(read(text)).toThrow(
      expect.objectContaining({
        name: 'ArtifactRejected',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('is refused where it has more lines, or more bytes, than a step can hold', () => {
    expect(read('{"request": 1}\n'.repeat(MAX_EXAMPLES + 1))).toThrow(
      'has more than 10000 examples',
    );
    expect(() => requireReadable('a', MAX_EXAMPLES_BYTES)).not.toThrow();
    expect(() => requireReadable('a', MAX_EXAMPLES_BYTES + 1)).toThrow('the limit for examples');
  });
});
