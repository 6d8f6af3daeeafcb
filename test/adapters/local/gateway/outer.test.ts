import { DatabaseSync } from 'node:sqlite';
import { request } from 'undici';
import type { Served } from '#adapters/local/gateway/gateway.ts';
import { outerCallers } from '#adapters/local/gateway/outer-callers.ts';
import { keyRates } from '#adapters/local/http/key-rates.ts';
import { type SqliteApiKeys, sqliteApiKeys } from '#adapters/local/registry/sqlite-api-keys.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { exchangeBytes } from '../../../support/gateway/raw-http.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

let world: GatewayWorld;
let outer: Served;
let keys: SqliteApiKeys;
let all: string;
const clock = fakeClock(0);
let digits: { readonly key: string; readonly id: string };
beforeAll(async () => {
  world = await gatewayWorld({ corsOrigins: ['https://app.example'] });
  for (const model of ['digits', 'shapes']) {
    await world.revisions.serve(`${model}-v1`, (asked, response) =>
      response.end(JSON.stringify({ model, headers: asked.rawHeaders })),
    );
    await world.route(model, { [`${model}-v1`]: 1 });
  }
  keys = sqliteApiKeys(new DatabaseSync(':memory:'), clock);
  const callers = callersBy(keys.findNow);
  outer = await world.gateway.open({ host: '127.0.0.1', port: 0, callers });
  all = (await keys.create('all', 'all')).key;
  const { key, record } = await keys.create('digits', ['digits']);
  digits = { key, id: record.id };
});
afterAll(async () => {
  await outer.close();
  await world.close();
});

const callersBy = (find: SqliteApiKeys['findNow']) =>
  outerCallers({ find, rates: keyRates(world.timers), clock });

type Sent = {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

async function ask(path: string, key: string | undefined, sent: Sent = {}) {
  const headers = { ...(key && { authorization: `Bearer ${key}` }), ...sent.headers };
  const answer = await request(outer.origin + path, { method: 'GET', ...sent, headers });
  const text = await answer.body.text();
  return { status: answer.statusCode, headers: answer.headers, text };
}
const statusOf = async (...asked: Parameters<typeof ask>) => (await ask(...asked)).status;

describe('the gateway for other machines', () => {
  it('answers the holder of a key, in each way in which a key is sent', async () => {
    expect(await statusOf('/models/digits/ping', digits.key)).toBe(200);
    const headers = { 'x-api-key': digits.key };
    expect(await statusOf('/models/digits/ping', undefined, { headers })).toBe(200);
    const basic = { authorization: `Basic ${btoa(`any:${digits.key}`)}` };
    expect(await statusOf('/models/digits/ping', undefined, { headers: basic })).toBe(200);
  });

  it.each([
    '/models/digits/ping',
    '/models/digits',
    '/models/digits/docs',
    '/models/digits/_page/try/page.ts',
    '/models/none/ping',
    '/_candidate/digits-v1/ping',
    '/',
    '/models',
    '/metrics',
    '/healthz',
    '/v1/models',
    '/v2/health/ready',
    '/v2/models/digits/infer',
    '/endpoints/digits/invocations',
    '/anything',
  ])('says nothing at %s without a key that is known', async (path) => {
    const without = await ask(path, undefined);
    const wrong = await ask(path, `slw_${'x'.repeat(43)}`);
    const token = await ask(path, 'x');

    expect([without.status, wrong.status, token.status]).toEqual([401, 401, 401]);
    expect(without.headers['www-authenticate']).toMatch(/^Bearer, Basic /);
    expect(without.text).not.toMatch(/digits|shapes/);
  });

  it('takes no key from the URL, and not two', async () => {
    expect(await statusOf(`/models/digits/ping?key=${all}`, undefined)).toBe(401);
    const headers = { 'x-api-key': digits.key };
    expect(await statusOf('/models/digits/ping', all, { headers })).toBe(401);
  });

  it.each([
    '/models/shapes/ping',
    '/models/none/ping',
    '/v2/models/shapes/infer',
    '/v1/models/shapes:predict',
    '/endpoints/shapes/invocations',
  ])(
    'refuses at %s the key of another model, whether or not there is such a model',
    async (path) => {
      expect(await statusOf(path, digits.key, { method: 'POST', body: '{}' })).toBe(403);
    },
  );

  it.each([
    '/models/digits/../shapes/ping',
    '//models/shapes/ping',
    '/models/digits%2f..%2fshapes/ping',
    '/%6dodels/shapes/ping',
  ])('is not led to another model by %s', async (path) => {
    const received = await exchangeBytes(
      outer.origin,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${digits.key}\r\nConnection: close\r\n\r\n`,
    );

    expect(received).not.toContain('shapes-v1');
    expect(received).not.toContain('"model":"shapes"');
  });

  it('lists the models of a key alone', async () => {
    expect(JSON.parse((await ask('/models', digits.key)).text).models).toEqual([
      { name: 'digits', path: '/models/digits' },
    ]);
    expect((await ask('/v1/models', digits.key)).text).not.toContain('shapes');
    expect((await ask('/nothing', digits.key)).text).not.toContain('shapes');
    const body = JSON.stringify({ model: 'shapes', messages: [] });
    const chat = await ask('/v1/chat/completions', digits.key, { method: 'POST', body });
    expect(chat.status).toBe(404);
    expect((await ask('/models', all)).text).toContain('shapes');
  });

  it('shows no test paths, and the figures to a key for all models alone', async () => {
    expect(await statusOf('/_candidate/digits-v1/ping', all)).toBe(404);
    expect(await statusOf('/metrics', digits.key)).toBe(404);
    expect(await statusOf('/metrics', all)).toBe(200);
  });

  it('refuses a key from the moment on when it is revoked', async () => {
    const { key, record } = await keys.create('short', 'all');
    expect(await statusOf('/models/digits/ping', key)).toBe(200);

    await keys.revoke(record.id);

    expect(await statusOf('/models/digits/ping', key)).toBe(401);
  });

  it('lets a key send 100 requests a second, 200 at once, and says when to come again', async () => {
    const { key } = await keys.create('busy', 'all');
    const send = () => ask('/models', key);
    for (let sent = 0; sent < 200; sent += 1) expect((await send()).status).toBe(200);

    const refused = await send();
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(await statusOf('/models', all)).toBe(200);
    world.timers.advance(10);
    expect([(await send()).status, (await send()).status]).toEqual([200, 429]);
  });

  it('keeps a key to the rate that it was made with, and says when to come again', async () => {
    const rate = { requests: 2, everySeconds: 60 } as const;
    const { key } = await keys.create('slow', 'all', { rate });
    const send = () => ask('/models', key);
    expect([(await send()).status, (await send()).status]).toEqual([200, 200]);

    const refused = await send();

    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '30']);
    expect(refused.text).toContain('this key has sent more than 2/min');
    world.timers.advance(30_000);
    expect([(await send()).status, (await send()).status]).toEqual([200, 429]);
  });

  it('says of a key that has expired that it has, to its holder alone', async () => {
    const { key } = await keys.create('guest', 'all', { expiresAtMs: clock.now() + 1000 });
    clock.advance(999);
    expect(await statusOf('/models', key)).toBe(200);
    clock.advance(1);

    const refused = await ask('/models', key);

    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer, Basic /);
    expect(JSON.parse(refused.text).error).toBe('this key expired at 1970-01-01T00:00:01.000Z');
    expect((await ask('/models', `${key.slice(0, -1)}_`)).text).not.toContain('expired');
  });

  it('opens to a key with a prefix the models whose names begin so', async () => {
    const { key } = await keys.create('team', ['dig*']);

    expect(await statusOf('/models/digits/ping', key)).toBe(200);
    expect(await statusOf('/models/shapes/ping', key)).toBe(403);
    expect((await ask('/models', key)).text).not.toContain('shapes');
  });

  it('answers no key without the role call', async () => {
    const { key } = await keys.create('ci', 'all', { roles: ['see', 'drop'] });

    const refused = await ask('/models/digits/ping', key);

    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.text).error).toBe(
      'this key may not call models: its roles are see, drop',
    );
    expect(await statusOf('/metrics', key)).toBe(403);
  });

  it('keeps the rules of pages and of names', async () => {
    const evil = { headers: { origin: 'https://evil.example' } };
    expect(await statusOf('/models/digits/ping', all, evil)).toBe(403);
    expect(await statusOf('/models/digits/ping', all, { headers: { host: 'evil.example' } })).toBe(
      403,
    );
    const app = { headers: { origin: 'https://app.example' } };
    expect(await statusOf('/models/digits/ping', all, app)).toBe(200);
  });

  it('gives the model no key', async () => {
    const { text } = await ask('/models/digits/echo', digits.key, {
      headers: { 'x-api-key': digits.key },
    });

    expect(text).toContain('"model":"digits"');
    expect(text).not.toContain(digits.key);
  });

  it('answers nobody while the keys cannot be read', async () => {
    const broken = await world.gateway.open({
      host: '127.0.0.1',
      port: 0,
      callers: callersBy(() => {
        throw new Error('the disk is gone');
      }),
    });
    const headers = { authorization: `Bearer ${all}` };
    const answers = [];
    for (const _ of [1, 2]) {
      const { statusCode, body } = await request(`${broken.origin}/models/digits/ping`, {
        headers,
      });
      answers.push([statusCode, await body.text()]);
    }
    await broken.close();

    const refused = [503, JSON.stringify({ error: 'the keys of callers cannot be read now' })];
    expect(answers).toEqual([refused, refused]);
  });

  it('asks nobody on the machine itself for a key', async () => {
    const { statusCode, body } = await world.call('/models/digits/ping');
    await body.dump();

    expect(statusCode).toBe(200);
  });
});
