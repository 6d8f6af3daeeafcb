import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type AuditEntry, auditEntry } from '#domain/audit-entry.ts';
import { eventually } from '../support/clock/eventually.ts';
import { CLIENT, type TestProvider, type Tokens } from '../support/doors/identity-provider.ts';
import { startTeamConsole } from '../support/doors/team-console.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';
import { freePort } from '../support/stack/free-port.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let team: Awaited<ReturnType<typeof startTeamConsole>>;
let slipway: RunningSlipway;
let provider: TestProvider;
let site: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  team = await startTeamConsole(folder.path, { hasTls: false });
  ({ slipway, provider, site } = team);
});
afterAll(async () => {
  await team[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});
afterEach(() => {
  provider.tamper = undefined;
});

type Asked = {
  readonly token?: string;
  readonly method?: string;
  readonly body?: string | Blob;
  readonly origin?: string | null;
};

function ask(path: string, { token, method = 'GET', body, origin = site }: Asked = {}) {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(origin !== null && method !== 'GET' && { origin }),
  };
  return fetch(site + path, { method, headers, ...(body !== undefined && { body }) });
}

type Attempt = { state: string; nonce: string; verifier: string };

async function begin(): Promise<Attempt & { url: string }> {
  const answer = await ask('/console/sign-in', { method: 'POST' });
  return (await answer.json()) as Attempt & { url: string };
}

async function finish(query: string, { state, nonce, verifier }: Attempt) {
  const body = JSON.stringify({ query, state, nonce, verifier });
  const answer = await ask('/console/signed-in', { method: 'POST', body });
  const said = (await answer.json()) as { token?: string; error?: string };
  return { status: answer.status, ...said };
}

async function signedIn(account: string) {
  const { url, ...attempt } = await begin();
  const back = await provider.signIn(url, account);
  return finish(back.search.slice(1), attempt);
}

async function tokenOf(account: string): Promise<string> {
  const { token = '', ...said } = await signedIn(account);
  expect(said).toEqual({ status: 200 });
  return token;
}

async function refusal(answer: Promise<Response>): Promise<string> {
  const refused = await answer;
  const { error } = (await refused.json()) as { error: string };
  return `${refused.status} ${error}`;
}

/** Waits until the audit log has such an entry: it is written beside the answer. */
async function noted(entry: Partial<AuditEntry>): Promise<void> {
  await eventually(() => {
    const lines = readFileSync(join(slipway.dataDir, 'audit.ndjson'), 'utf8').trim().split('\n');
    const entries = lines.map((line) => auditEntry.parse(JSON.parse(line)));
    return entries.some((each) =>
      Object.entries(entry).every(([name, value]) => each[name as keyof AuditEntry] === value),
    );
  });
}

it('somebody signs in with their account, and does what their group may, by their name', async () => {
  const token = await tokenOf('ann');
  expect(await (await ask('/console/person', { token })).json()).toMatchObject({
    name: 'ann@example.com',
  });

  const body = new Blob([Uint8Array.from(addConstantModel({ constant: 10 }))]);
  const put = (key: string) => ask(`/objects/${key}`, { token, method: 'PUT', body });
  expect(await put('models/team-a-adder/adder.onnx')).toMatchObject({ status: 200 });
  await slipway.ending('team-a-adder', 1);
  expect(await (await ask('/models', { token })).json()).toMatchObject({
    models: [{ name: 'team-a-adder', live: { version: 1 } }],
  });

  expect(await refusal(put('models/team-b-adder/adder.onnx'))).toMatch(
    /^403 ann@example.com has the role drop for team-a-\*, and not for team-b-adder/,
  );
  expect(await refusal(ask('/keys', { token }))).toMatch(/^403 nobody may do this from another/);
  const mine = { by: 'ann@example.com', subject: 'ann', key: null, door: 'console' } as const;
  await noted({ ...mine, action: 'signIn', outcome: 'done', address: '127.0.0.1' });
  await noted({ ...mine, action: 'putObject', model: 'team-a-adder', outcome: 'done' });
  await noted({ ...mine, model: 'team-b-adder', outcome: 'PlatformDenied' });
});

it('somebody in two groups has the rights of both, each for its own models', async () => {
  const token = await tokenOf('bob');

  expect((await ask('/models/team-a-adder', { token })).status).toBe(200);
  expect(await refusal(ask('/models/team-a-adder/rollback', { token, method: 'POST' }))).toMatch(
    /^403 bob lacks the role promote; it has drop, see/,
  );
  expect((await ask('/metrics', { token })).status).toBe(200);
});

it('somebody whose groups have no role is not let in, whatever address they claim', async () => {
  const { status, error, token } = await signedIn('eve');

  expect([status, token]).toEqual([403, undefined]);
  expect(error).toBe('eve may do nothing here; the identity provider names these groups: sales');
  await noted({ by: 'eve', action: 'signIn', outcome: 'PlatformDenied' });
});

it('a session ends where somebody signs out, and with it what is streamed to them', async () => {
  const token = await tokenOf('ann');
  const events = await ask('/events?follow=true', { token });
  const read = events.text().then(
    () => 'ended',
    () => 'ended',
  );

  const out = await ask('/console/sign-out', { token, method: 'POST' });

  expect(await out.json()).toMatchObject({
    url: expect.stringContaining(`${provider.issuer}/session/end?id_token_hint=`),
  });
  expect(await read).toBe('ended');
  expect(await refusal(ask('/models', { token }))).toMatch(/^401 /);
  expect(await refusal(ask('/console/person', { token }))).toMatch(/^401 nobody has signed in/);
});

describe('a sign-in is refused', () => {
  const refused = { status: 401, error: expect.stringMatching(/^the sign-in was refused: /) };

  it('with the state of another one', async () => {
    const mine = await begin();
    const other = await begin();
    const back = await provider.signIn(other.url, 'ann');

    expect(await finish(back.search.slice(1), mine)).toMatchObject(refused);
  });

  it('with a code that somebody else has begun, even under one’s own state', async () => {
    const mine = await begin();
    const other = await begin();
    const back = await provider.signIn(other.url, 'ann');
    back.searchParams.set('state', mine.state);

    expect(await finish(back.search.slice(1), mine)).toMatchObject(refused);
  });

  it('with a code that was used', async () => {
    const { url, ...attempt } = await begin();
    const back = await provider.signIn(url, 'ann');
    expect(await finish(back.search.slice(1), attempt)).toMatchObject({ status: 200 });

    expect(await finish(back.search.slice(1), attempt)).toMatchObject({
      status: 401,
      error: expect.stringContaining('invalid_grant'),
    });
  });

  it('with the issuer of another provider', async () => {
    const { url, ...attempt } = await begin();
    const back = await provider.signIn(url, 'ann');
    back.searchParams.set('iss', 'https://evil.example');

    expect(await finish(back.search.slice(1), attempt)).toMatchObject(refused);
  });

  const hours = 3600;
  const now = () => Math.floor(Date.now() / 1000);
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  it.each<[string, string, (tokens: Tokens) => string]>([
    [
      'for another client',
      '"aud"',
      ({ id_token }) => provider.resigned(id_token, { aud: 'other' }),
    ],
    [
      'for several clients, of which another asked',
      '"azp"',
      ({ id_token }) => provider.resigned(id_token, { aud: [CLIENT.id, 'other'], azp: 'other' }),
    ],
    [
      'that has expired',
      '"exp"',
      ({ id_token }) =>
        provider.resigned(id_token, { iat: now() - 24 * hours, exp: now() - 23 * hours }),
    ],
    [
      'of another issuer',
      '"iss"',
      ({ id_token }) => provider.resigned(id_token, { iss: 'https://evil.example' }),
    ],
    [
      'of another sign-in',
      '"nonce"',
      ({ id_token }) => provider.resigned(id_token, { nonce: 'another' }),
    ],
    ['of somebody else', '"sub"', ({ id_token }) => provider.resigned(id_token, { sub: 'bob' })],
    [
      'signed by a stranger',
      'JWT signature verification failed',
      ({ id_token }) => provider.resigned(id_token, {}, stranger),
    ],
    ['without a signature', '"alg"', ({ id_token }) => unsigned(id_token)],
    ['without claims', 'failed to parse JWT', () => 'not.a.token'],
  ])('with a token %s', async (_name, why, forged) => {
    provider.tamper = (tokens) => ({ ...tokens, id_token: forged(tokens) });

    const { token, ...said } = await signedIn('ann');

    expect(token).toBeUndefined();
    expect(said).toMatchObject(refused);
    expect(said.error).toContain(why);
  });

  it('without what the tab has kept, and with what is far too much', async () => {
    const post = (body: string) => ask('/console/signed-in', { method: 'POST', body });

    for (const body of ['', '{}', '[]', 'x'.repeat(20_000)]) {
      expect(await refusal(post(body))).toBe('401 this does not end a sign-in');
    }
  });

  it('to nobody else by senders who are slow', async () => {
    const { hostname, port } = new URL(site);
    const slow = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write(
        `POST /console/signed-in HTTP/1.1\r\nhost: ${hostname}:${port}\r\norigin: ${site}\r\ncontent-length: 100\r\n\r\n{`,
      );
      return socket;
    });
    await Promise.all(slow.map((socket) => once(socket, 'connect')));

    expect(await signedIn('ann')).toMatchObject({ status: 200 });
    for (const socket of slow) socket.destroy();
  });

  it('and noted of nobody whom the provider does not know, who could fill the disk', async () => {
    const before = readFileSync(join(slipway.dataDir, 'audit.ndjson'), 'utf8');

    for (let n = 0; n < 5; n += 1)
      await finish('code=x&state=a', { state: 'a', nonce: 'b', verifier: 'c' });
    await tokenOf('ann');
    await eventually(() => {
      const { length } = readFileSync(join(slipway.dataDir, 'audit.ndjson'), 'utf8');
      return length > before.length;
    });

    const added = readFileSync(join(slipway.dataDir, 'audit.ndjson'), 'utf8').slice(before.length);
    expect(added).toContain('signIn');
    expect(added).not.toMatch(/InputInvalid|failed/);
  });

  it('from a page of another origin, and without one', async () => {
    for (const path of ['/console/sign-in', '/console/signed-in', '/console/sign-out']) {
      const foreign = ask(path, { method: 'POST', origin: 'https://evil.example' });
      expect(await refusal(foreign)).toMatch(/^403 pages of https:\/\/evil.example may not/);
      const models = ask(path, { method: 'POST', origin: site.replace(/\d+$/, '8083') });
      expect((await models).status).toBe(403);
      expect((await ask(path, { method: 'POST', origin: null })).status).toBe(403);
    }
  });
});

it('a page of another origin on this host may not use a session', async () => {
  const token = await tokenOf('ann');

  const answer = ask('/models/team-a-adder/rollback', {
    token,
    method: 'POST',
    origin: site.replace(/\d+$/, '8083'),
  });

  expect(await refusal(answer)).toMatch(/^403 /);
});

it('what opens the machine itself opens nothing here, and a session nothing there', async () => {
  const token = await tokenOf('ann');

  expect(await refusal(ask('/models', { token: slipway.token }))).toMatch(/^401 /);
  expect(
    (await fetch(`${slipway.control}/models`, { headers: { authorization: `Bearer ${token}` } }))
      .status,
  ).toBe(401);
  expect(await refusal(ask('/console/sessions?code=x', { method: 'POST' }))).toMatch(/^401 /);
});

it('the page of the console holds nothing, and says that one signs in', async () => {
  const page = await fetch(site, { headers: { accept: 'text/html' } });

  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(page.headers.get('set-cookie')).toBeNull();
  expect(await page.text()).toContain('data-place="team"');
});

it('a provider that does not answer keeps nobody from anything else', async () => {
  await using lonely = await temporaryFolder();
  await using without = await startSlipway(join(lonely.path, 'data'), {});
  await without.command('keys', 'create', 'app', '--all', '--calls');
  await without.stop();
  const [othersPort, othersControlPort, nobody] = [
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const own = `http://127.0.0.1:${othersControlPort}`;
  await using started = await startSlipway(join(lonely.path, 'data'), {
    config: {
      ...{ othersHost: '127.0.0.1', othersPort, othersControlPort, consoleUrl: own },
      ...{ oidcIssuer: `http://127.0.0.1:${nobody}`, oidcClientId: 'a', oidcGrants: ['a=see:*'] },
    },
  });

  const answer = await fetch(`${own}/console/sign-in`, {
    method: 'POST',
    headers: { origin: own },
  });

  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    error: expect.stringMatching(/^the identity provider http:.* cannot be asked: .*ECONNREFUSED/),
  });
  await eventually(async () => (await started.api('/healthz')).ok);
});

function unsigned(token: string): string {
  const [, payload] = token.split('.');
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
}
