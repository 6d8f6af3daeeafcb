import { formKey, keyHash, mayCall, newKey } from '#domain/api-key.ts';

const BYTES = Uint8Array.from({ length: 32 }, (_, index) => 255 - 7 * index);
const about = { name: 'ci', models: 'all', createdAtMs: 1000 } as const;

describe('a key', () => {
  it('is slw_ and its 32 bytes in base64url', () => {
    const key = formKey(BYTES);

    expect(key).toBe(`slw_${Buffer.from(BYTES).toString('base64url')}`);
    expect(key).toHaveLength(47);
  });

  it('is looked up by the sha256 of its text', async () => {
    const hash = await keyHash(`slw_${'A'.repeat(43)}`);

    // printf %s slw_AAAA… | sha256sum
    expect(hash).toBe('3a60a55c1848dd5470b6f345f160d812ab1219c3d57a017a6747b9a3b8119dd9');
  });

  it.each(['', 'slw_', `slw_${'A'.repeat(42)}`, `slw_${'A'.repeat(44)}`, `sk_${'A'.repeat(43)}`])(
    'is not `%s`',
    async (text) => {
      expect(await keyHash(text)).toBeUndefined();
    },
  );

  it('is named by the first 16 digits of its hash', async () => {
    const { key, hash, record } = await newKey(BYTES, about);

    expect(await keyHash(key)).toBe(hash);
    expect(record).toEqual({ ...about, id: hash.slice(0, 16) });
  });
});

describe('a key is refused', () => {
  it.each([
    { name: '', reason: 'not 0: ""' },
    { name: '   ', reason: 'not 3' },
    { name: 'x'.repeat(81), reason: 'not 81' },
    { name: 'a\u001b[31m', reason: '1 to 80 printable characters' },
  ])('the name $name', async ({ name, reason }) => {
    await expect(newKey(BYTES, { ...about, name })).rejects.toMatchObject({
      name: 'InputInvalid',
      message: expect.stringContaining(reason),
    });
  });

  it.each([
    { models: [], message: 'a key needs at least one model, and none is given' },
    { models: ['digits', '*'], message: '`*` is not a valid model name' },
  ])('for models: $message', async ({ models, message }) => {
    await expect(newKey(BYTES, { ...about, models })).rejects.toMatchObject({
      name: 'InputInvalid',
      message,
    });
  });
});

describe('a key may call', () => {
  const key = { id: 'id', name: 'ci', createdAtMs: 0 };

  it('the models that it names, and no other', () => {
    expect(mayCall({ ...key, models: ['digits'] }, 'digits')).toBe(true);
    expect(mayCall({ ...key, models: ['digits'] }, 'digits2')).toBe(false);
  });

  it('any model when it is for all', () => {
    expect(mayCall({ ...key, models: 'all' }, 'digits')).toBe(true);
  });
});
