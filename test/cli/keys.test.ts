import { Command } from 'commander';
import { addKeyCommands } from '../../src/cli/commands/key-commands.ts';
import {
  createdLines,
  createKey,
  keyLines,
  listKeys,
  requireInAccount,
  revokeKey,
} from '../../src/cli/keys.ts';
import { fakeClock } from '../support/clock/fake-clock.ts';
import { memoryApiKeys } from '../support/memory/api-keys.ts';

const ENDPOINT = 'https://abc123.execute-api.us-east-1.amazonaws.com/v1';

const open = () => memoryApiKeys({ clock: fakeClock(Date.parse('2026-01-02T03:04:05Z')) });

describe('slipway keys create', () => {
  it('shows the key once, with a warning and a curl line for one of its models', async () => {
    const created = await createKey(open(), 'ci', { models: 'digits, shapes' });

    const lines = createdLines(created, ENDPOINT);

    expect(lines).toEqual([
      created.key,
      '',
      'The key is shown only this once and is not kept: store it now. It may call digits, shapes.',
      'To see what a model takes, with the key in SLIPWAY_KEY:',
      `  curl -H "Authorization: Bearer $SLIPWAY_KEY" ${ENDPOINT}/models/digits/openapi.json`,
    ]);
  });

  it('makes a key for all models only when that is said', async () => {
    const created = await createKey(open(), 'ci', { all: true });

    expect(created).toMatchObject({ models: 'all', createdAt: '2026-01-02T03:04:05.000Z' });
    const [, , warning, , curl] = createdLines(created, ENDPOINT);
    expect(warning).toContain('It may call all models.');
    expect(curl).toContain('/models/NAME/');
  });

  it('says what a key may do, and until when', async () => {
    const wish = { models: 'team-a-*', role: 'see,drop,promote', expires: '2100-01-31' };

    const created = await createKey(open(), 'ci', wish);

    expect(createdLines(created, ENDPOINT)).toEqual([
      created.key,
      '',
      'The key is shown only this once and is not kept: store it now. It may see, drop and promote team-a-*. It expires at 2100-01-31T00:00:00.000Z.',
    ]);
  });

  it('names a model of a prefix as an example', async () => {
    const created = await createKey(open(), 'ci', { models: 'team-a-*' });

    expect(createdLines(created, ENDPOINT).at(-1)).toContain('/models/team-a-NAME/openapi.json');
  });

  it.each([
    [{ expires: 'soon' }, '`soon` is not a time'],
    [{ rate: '10' }, '`10` is not a rate'],
    [{ role: 'admin' }, '`admin` is not a role'],
  ])('makes none for %j', async (bound, message) => {
    const keys = open();

    const made = createKey(keys, 'ci', { all: true, ...bound });

    await expect(made).rejects.toMatchObject({ name: 'InputInvalid', message });
    expect(await keys.list()).toEqual([]);
  });

  it.each([{}, { models: 'digits', all: true }])('makes none for %j, but asks', async (wish) => {
    const keys = open();

    await expect(createKey(keys, 'ci', wish)).rejects.toMatchObject({
      name: 'InputInvalid',
      fix: expect.stringContaining('--all'),
    });

    expect(await keys.list()).toEqual([]);
  });

  it.each(['', 'digits,', 'Digits'])('makes none for the models `%s`', async (models) => {
    const keys = open();

    await expect(createKey(keys, 'ci', { models })).rejects.toMatchObject({ name: 'InputInvalid' });

    expect(await keys.list()).toEqual([]);
  });
});

describe('slipway keys list', () => {
  it('is a table without the keys', async () => {
    const keys = open();
    const one = await createKey(keys, 'ci', { models: 'digits,shapes' });
    const bounds = { expires: '2100-01-31', rate: '600/min' };
    const other = await createKey(keys, 'everything', { all: true, ...bounds });

    const lines = keyLines(await listKeys(keys));

    expect(lines).toEqual([
      'ID                NAME        CREATED     EXPIRES     RATE     ROLES  MODELS',
      `${one.id}  ci          2026-01-02  never       100/s    call   digits, shapes`,
      `${other.id}  everything  2026-01-02  2100-01-31  600/min  call   all models`,
    ]);
  });

  it('says how to make one where there is none', async () => {
    expect(keyLines(await listKeys(open()))).toEqual([
      'no keys yet; make one with `slipway keys create NAME --models MODEL`',
    ]);
  });
});

describe('slipway keys revoke', () => {
  it('ends the key of this id', async () => {
    const keys = open();
    const { id } = await createKey(keys, 'ci', { all: true });

    await revokeKey(keys, id);

    expect(await keys.list()).toEqual([]);
  });

  it('does not say that it ended what is no id, such as a name', async () => {
    const keys = open();
    await createKey(keys, 'ci', { all: true });

    await expect(revokeKey(keys, 'ci')).rejects.toMatchObject({
      name: 'InputInvalid',
      message: 'no key has the id `ci`',
    });
    expect(await keys.list()).toHaveLength(1);
  });
});

describe('in an account', () => {
  const rate = { requests: 10, everySeconds: 1 } as const;

  it.each([
    [{ rate }, true, '--rate is for keys of one machine'],
    [{ roles: ['call', 'drop'] }, true, 'the role drop is for keys of one machine'],
    [{ expiresAtMs: 1 }, false, 'the Slipway of this account is older, and no key expires there'],
  ] as const)('no key has a bound that would not be kept: %j', (limits, knowsExpiry, message) => {
    expect(() => requireInAccount(limits, knowsExpiry)).toThrow(message);
  });

  it('a key may call, and expires where the stack refuses expired keys', () => {
    expect(() => requireInAccount({ roles: ['call'], expiresAtMs: 1 }, true)).not.toThrow();
    expect(() => requireInAccount({}, false)).not.toThrow();
  });
});

describe('on this machine', () => {
  it('shows what a client of S3 needs, in lines that a shell takes', async () => {
    const s3 = { endpoint: 'http://127.0.0.1:8082', bucket: 'bucket' };
    const keys = open();
    const opened = {
      ...keys,
      create: async (...[name, models]: Parameters<typeof keys.create>) => ({
        ...(await keys.create(name, models, { roles: ['see', 'drop'] })),
        s3,
      }),
    };

    const created = await createKey(opened, 'ci', { models: 'digits,shapes' });

    expect(created).toMatchObject({ s3 });
    expect(createdLines(created, '')).toEqual([
      `export AWS_ACCESS_KEY_ID=${created.id}`,
      `export AWS_SECRET_ACCESS_KEY=${created.key}`,
      'export AWS_ENDPOINT_URL_S3=http://127.0.0.1:8082 AWS_REGION=us-east-1',
      '',
      '# The secret is shown only this once: store it now. The key reads and writes models/digits/, models/shapes/ of the bucket.',
      '# To deploy a model with it:',
      'aws s3 cp FILE s3://bucket/models/digits/',
    ]);
  });

  it.each([
    ['create', 'ci', '--models', 'digits'],
    ['list', '--json'],
    ['revoke', '8d746fb3cb67a169'],
  ])('slipway keys %s needs a Slipway that runs', async (...args) => {
    const program = new Command('slipway').exitOverride();
    addKeyCommands(program);

    const parsed = program.parseAsync(['node', 'slipway', 'keys', ...args, '--data', '/none']);

    await expect(parsed).rejects.toMatchObject({
      message: 'no Slipway is running with the data folder /none',
    });
  });
});
