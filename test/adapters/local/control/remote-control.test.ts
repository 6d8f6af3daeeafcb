import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod/mini';
import { controlApi } from '#adapters/local/control/control-api.ts';
import { remoteControl } from '#adapters/local/control/remote-control.ts';
import { strangers } from '#adapters/local/gateway/callers.ts';
import { outerCallers } from '#adapters/local/gateway/outer-callers.ts';
import { keyRates } from '#adapters/local/http/key-rates.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { type SqliteApiKeys, sqliteApiKeys } from '#adapters/local/registry/sqlite-api-keys.ts';
import { Failure } from '#domain/failure.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const TABLE = {
  greet: {
    method: 'GET',
    path: '/greeting',
    summary: 'A greeting.',
    says: 'It.',
    answer: { kind: 'json', schema: z.object({ to: z.string() }) },
  },
  refuse: {
    method: 'POST',
    path: '/refusal',
    summary: 'A refusal.',
    says: 'Nothing.',
    answer: { kind: 'json', schema: z.object({}) },
  },
} as const;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A control API for other machines, which are this one: `isTrusted` says whether it is believed to be private. */
async function opened({
  isTrusted = true,
  find,
}: {
  isTrusted?: boolean;
  find?: () => never;
} = {}) {
  const clock = fakeClock(0);
  const keys: SqliteApiKeys = sqliteApiKeys(new DatabaseSync(':memory:'), clock);
  const handler = remoteControl({
    table: TABLE,
    granted: ({ name }) => ({
      greet: async () => ({ to: name }),
      async refuse() {
        throw new Failure('PlatformDenied', 'no', { fix: 'Never.' });
      },
    }),
    callers: outerCallers({
      find: find ?? keys.findNow,
      rates: keyRates({ nowMs: clock.now }),
      clock,
    }),
    stranger: strangers({ hosts: [], origins: () => [] }),
    isTrusted: () => isTrusted,
    after: () => () => undefined,
  });
  const api = controlApi(handler);
  await api.ready();
  const port = await listen(api.server, { host: '127.0.0.1', port: 0 });
  closing.push(() => api.close());
  const ask = async (path: string, key: string, method = 'GET') => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    return { status: answer.status, headers: answer.headers, said: await answer.json() };
  };
  return { keys, ask };
}

it('answers the holder of a key, as that key', async () => {
  const { keys, ask } = await opened();
  const { key } = await keys.create('alice', 'all');

  expect(await ask('/greeting', key)).toMatchObject({ status: 200, said: { to: 'alice' } });
  expect(await ask('/refusal', key, 'POST')).toMatchObject({
    status: 403,
    said: { error: 'no', fix: 'Never.' },
  });
});

it('takes no key in plain HTTP from an address that is not trusted, and does not look at it', async () => {
  const { keys, ask } = await opened({ isTrusted: false });
  const { key } = await keys.create('alice', 'all');
  const answers = [await ask('/greeting', key), await ask('/greeting', 'wrong')];

  expect(answers).toMatchObject([
    { status: 403, said: { error: expect.stringContaining('by TLS alone') } },
    { status: 403, said: { error: expect.stringContaining('by TLS alone') } },
  ]);
});

it('says to a key that is too fast when to come again', async () => {
  const { keys, ask } = await opened();
  const { key } = await keys.create('slow', 'all', { rate: { requests: 1, everySeconds: 60 } });
  expect((await ask('/greeting', key)).status).toBe(200);

  const refused = await ask('/greeting', key);

  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
});

it('asks for a key in the words that a client understands', async () => {
  const { ask } = await opened();

  const refused = await ask('/greeting', 'wrong');

  expect(refused.status).toBe(401);
  expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
});

it('answers nobody while the keys cannot be read', async () => {
  const { ask } = await opened({
    find() {
      throw new Error('the disk is gone');
    },
  });

  expect(await ask('/greeting', 'any')).toMatchObject({ status: 503 });
});
