import {
  MAX_EXAMPLES,
  MAX_EXAMPLES_BYTES,
  readExamples,
  requireReadable,
} from '#domain/comparison/examples-file.ts';

const read = (text: string) => () => readExamples(text, 'models/a/examples.jsonl');

describe('a file of examples', () => {
  it('has a request in each line, with what is answered and what is true', () => {
    const text =
      '{"request": {"inputs": [[1]]}}\n\n{"request": 2, "expect": [3], "truth": null}\r\n';

    expect(read(text)()).toEqual([
      { request: { inputs: [[1]] } },
      { request: 2, expect: [3], truth: null },
    ]);
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
    expect(read('{"request": 1}\n'.repeat(MAX_EXAMPLES + 1))).toThrow('has 10001 examples');
    expect(() => requireReadable('a', MAX_EXAMPLES_BYTES)).not.toThrow();
    expect(() => requireReadable('a', MAX_EXAMPLES_BYTES + 1)).toThrow('the limit for examples');
  });
});
