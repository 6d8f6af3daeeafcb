import { jsonDigest } from '#formats/bytes/json-digest.ts';

const digestOf = (text: string) => {
  const digest = jsonDigest(new Set(['a', 'a.b']));
  let written: string | undefined;
  for (const letter of text) {
    if (letter === '"') {
      if (written !== undefined) digest.text(Buffer.from(written));
      written = written === undefined ? '' : undefined;
    }
    if (written === undefined || letter === '"') digest.mark(letter.charCodeAt(0));
    else written += letter;
  }
  return digest.members();
};

describe('a JSON text', () => {
  it('means the same whatever the order of its keys, and whether it says what is not set', () => {
    const digest = digestOf('{"a": {"b": [1, "x", {}], "c": 2.0}}');

    expect(digestOf('{"a":{"c":2,"d":null,"e":false,"b":[1.0,"x",{}]}}')).toEqual(digest);
    expect(digest?.get('a.b')).toMatch(/^list /);
  });

  it.each([
    '{"a": {"b": ["x", 1, {}], "c": 2}}',
    '{"a": {"b": [1, "x", []], "c": 2}}',
    '{"a": {"b": [1, "x", {}], "c": "2"}}',
    '{"a": {"b": [1, "x", {}], "c": true}}',
    '{"a": {"b": [1, "x", {}, null], "c": 2}}',
  ])('means something else where it is %s', (text) => {
    expect(digestOf(text)?.get('a')).not.toBe(
      digestOf('{"a": {"b": [1, "x", {}], "c": 2}}')?.get('a'),
    );
  });

  it('tells long lists apart by their last items', () => {
    const list = (last: number) => `{"a": [${'"0123456789",'.repeat(20_000)} ${last}]}`;

    expect(digestOf(list(1))?.get('a')).toBe(digestOf(list(1))?.get('a'));
    expect(digestOf(list(1))?.get('a')).not.toBe(digestOf(list(2))?.get('a'));
  });

  it.each(['{"a": nought}', '{"a": [1}', '{"a"', '', '{1}', '{"a": "\\x"}', ']'])(
    'has no meaning where it is %s',
    (text) => {
      expect(digestOf(text)).toBeUndefined();
    },
  );
});
