import {
  formKey,
  hasExpired,
  hasRole,
  isForModel,
  keyHash,
  mayCall,
  newKey,
} from '#domain/api-key.ts';

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
    { models: ['-*'], message: '`-*` is not a valid model name' },
    { models: ['a*b'], message: '`a*b` is not a valid model name' },
    { models: ['Team-*'], message: '`Team-*` is not a valid model name' },
  ])('for models: $message', async ({ models, message }) => {
    await expect(newKey(BYTES, { ...about, models })).rejects.toMatchObject({
      name: 'InputInvalid',
      message,
    });
  });
});

it('a key is refused that has expired when it is made', async () => {
  await expect(newKey(BYTES, { ...about, expiresAtMs: 1000 })).rejects.toMatchObject({
    name: 'InputInvalid',
    message: 'the key would expire at 1970-01-01T00:00:01.000Z, which is not in the future',
  });
  await expect(newKey(BYTES, { ...about, expiresAtMs: 1001 })).resolves.toBeDefined();
});

it('a key is valid until the moment at which it expires', () => {
  expect(hasExpired({ expiresAtMs: 1000 }, 999)).toBe(false);
  expect(hasExpired({ expiresAtMs: 1000 }, 1000)).toBe(true);
  expect(hasExpired({}, Number.MAX_SAFE_INTEGER)).toBe(false);
});

it('a key has the roles that it was made with, and without any it calls', () => {
  expect(hasRole({ roles: ['see', 'drop'] }, 'drop')).toBe(true);
  expect(hasRole({ roles: ['see', 'drop'] }, 'call')).toBe(false);
  expect(hasRole({}, 'call')).toBe(true);
  expect(hasRole({}, 'see')).toBe(false);
});

it('a key with a prefix is for the models whose names begin so', async () => {
  const { record } = await newKey(BYTES, { ...about, models: ['team-a-*', 'digits'] });

  const names = ['team-a-x', 'team-a', 'team-b-x', 'digits', 'digits2', 'xteam-a-x'];
  expect(names.filter((name) => isForModel(record, name))).toEqual(['team-a-x', 'digits']);
});

describe('a key may call', () => {
  const key = { id: 'id', name: 'ci', createdAtMs: 0 };

  it('the models that it names, and no other', () => {
    expect(mayCall({ ...key, models: ['digits'] }, 'digits')).toBe(true);
    expect(mayCall({ ...key, models: ['digits'] }, 'digits2')).toBe(false);
  });

  it('no model without the role', () => {
    expect(mayCall({ ...key, models: 'all', roles: ['see'] }, 'digits')).toBe(false);
  });

  it('any model when it is for all', () => {
    expect(mayCall({ ...key, models: 'all' }, 'digits')).toBe(true);
  });
});
