import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#adapters/clocks.ts';
import { localCertificate } from '../support/bytes/certificate.ts';
import { eventually } from '../support/clock/eventually.ts';
import { run } from '../support/local/commands.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { REQUEST } from '../support/slipway/clients.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';
import { freePort } from '../support/stack/free-port.ts';

const MAIN = fileURLToPath(new URL('../../slipway.js', import.meta.url));

type Key = { readonly key: string; readonly id: string };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: RunningSlipway;
let keys: Record<'team' | 'viewer' | 'app' | 'other' | 'guest', Key>;
let calls: string;
let control: string;
const path = (name: string) => join(folder.path, name);

async function keyFor(running: RunningSlipway, name: string, ...options: readonly string[]) {
  const made = await running.command('keys', 'create', name, ...options, '--json');
  return JSON.parse(made.out) as Key;
}

const ALL_ROLES = ['--role', 'see,drop,promote,call'];

beforeAll(async () => {
  folder = await temporaryFolder();
  const { cert, key } = localCertificate();
  writeFileSync(path('cert.pem'), cert);
  writeFileSync(path('key.pem'), key);
  const first = await startSlipway(path('data'), { config: { bakeSeconds: 0 } });
  keys = {
    guest: await keyFor(first, 'guest', '--all', ...ALL_ROLES, '--expires', '1h'),
    team: await keyFor(first, 'alice', '--models', 'team-a-*', ...ALL_ROLES),
    viewer: await keyFor(first, 'viewer', '--all', '--role', 'see'),
    app: await keyFor(first, 'app', '--all', '--calls'),
    other: await keyFor(first, 'bob', '--models', 'team-b-*', ...ALL_ROLES),
  };
  await first.stop();
  const [othersPort, othersControlPort] = [await freePort(), await freePort()];
  const tls = { tlsCert: path('cert.pem'), tlsKey: path('key.pem') };
  const config = { bakeSeconds: 0, othersHost: '0.0.0.0', othersPort, othersControlPort, ...tls };
  slipway = await startSlipway(path('data'), { config });
  calls = `https://127.0.0.1:${othersPort}`;
  control = `https://127.0.0.1:${othersControlPort}`;
});
afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

type Sent = {
  readonly key?: string;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** Instead of the one in the URL, as it is. */
  readonly path?: string;
};

/** Asks, and trusts the certificate of this test alone. */
function ask(url: string, { key, method = 'GET', body, headers = {}, path: raw }: Sent = {}) {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest;
  return new Promise<{ status: number; said: string; retryAfter: string | undefined }>(
    (resolve, reject) => {
      const asking = request(url, {
        method,
        ca: readFileSync(path('cert.pem')),
        agent: false,
        ...(raw !== undefined && { path: raw }),
        ...(headers['host'] !== undefined && { checkServerIdentity: () => undefined }),
        headers: { ...(key && { authorization: `Bearer ${key}` }), ...headers },
      });
      asking.on('error', reject);
      asking.on('response', (answer) => {
        const { statusCode: status = 0, headers: received } = answer;
        const end = (said: string) =>
          resolve({ status, said, retryAfter: received['retry-after'] });
        text(answer).then(end, reject);
      });
      asking.end(body);
    },
  );
}

async function refused(...asked: Parameters<typeof ask>): Promise<string> {
  const { status, said } = await ask(...asked);
  return `${status} ${JSON.parse(said).error}`;
}

/** The command line on another machine, with a key in its environment. */
const remote = (key: string, ...args: readonly string[]) =>
  run(process.execPath, [MAIN, ...args], '', {
    HOME: folder.path,
    SLIPWAY_SERVER: control,
    SLIPWAY_KEY: key,
    NODE_EXTRA_CA_CERTS: path('cert.pem'),
  });

it('somebody of a team drops, sees, calls and rolls back its models from another machine', async () => {
  const { key } = keys.team;
  const model = path('adder.onnx');
  const infer = '/models/team-a-adder/v2/models/team-a-adder/infer';
  const sum = async () => {
    const sent = { key, method: 'POST', body: JSON.stringify(REQUEST) };
    return JSON.parse((await ask(calls + infer, sent)).said).outputs?.[0].data;
  };

  for (const constant of [10, 20]) {
    writeFileSync(model, addConstantModel({ constant }));
    const pushed = await remote(key, 'push', model, '--name', 'team-a-adder');
    expect(pushed).toMatchObject({ code: 0 });
  }
  const status = await remote(key, 'status', '--json');
  expect(JSON.parse(status.out)).toMatchObject({
    models: [{ name: 'team-a-adder', endpoint: `${calls}/models/team-a-adder` }],
  });
  expect(await sum()).toEqual([21, 22]);
  const back = await remote(key, 'rollback', 'team-a-adder');
  expect(back).toMatchObject({ code: 0 });
  expect(await sum()).toEqual([11, 12]);
  const body = JSON.stringify(REQUEST);
  const called = await remote(
    key,
    'invoke',
    'team-a-adder',
    '--path',
    infer.slice(21),
    '--body',
    body,
  );
  expect(called.out).toContain('[11,12]');
});

describe('the control API for other machines', () => {
  it('says nothing without a key that is known', async () => {
    const wrong = `slw_${'x'.repeat(43)}`;
    for (const sent of [{}, { key: wrong }, { key: slipway.token }]) {
      expect(await refused(`${control}/models`, sent)).toMatch(/^401 the request has no key/);
      expect(await refused(`${control}/healthz`, sent)).toMatch(/^401 /);
      expect(await refused(`${control}/metrics`, sent)).toMatch(/^401 /);
      expect(await refused(`${control}/console/sessions?code=x`, sent)).toMatch(/^401 /);
      expect(await refused(`${control}/`, sent)).toMatch(/^401 /);
    }
  });

  it('says of an expired key since when it is', async () => {
    const expires = new Date(systemClock.now() + 200).toISOString();
    const made = await slipway.api(`/keys?name=short&all=true&use=calls&expires=${expires}`, {
      method: 'POST',
    });
    const { secret: key } = (await made.json()) as { secret: string };
    expect((await ask(`${calls}/models`, { key: keys.guest.key })).status).toBe(200);
    await eventually(async () => (await ask(`${calls}/models`, { key })).status === 401);

    expect(await refused(`${control}/models`, { key })).toBe(`401 this key expired at ${expires}`);
    expect(await refused(`${calls}/models`, { key })).toBe(`401 this key expired at ${expires}`);
  });

  it.each([
    ['GET', '/models/team-a-adder'],
    ['GET', '/models/team-a-adder/logs'],
    ['GET', '/events?model=team-a-adder&follow=false'],
    ['POST', '/models/team-a-adder/rollback'],
    ['POST', '/models/team-a-adder/undeploy'],
    ['PUT', '/objects/models/team-a-adder/adder.onnx'],
    ['DELETE', '/objects/models/team-a-adder/adder.onnx'],
    ['PUT', '/objects/promotions/team-a-adder/x/release.json'],
    ['POST', '/promotions?model=team-a-adder&key=promotions/team-b-x/r&versionId=1'],
    ['POST', '/promotions?model=team-b-x&key=promotions/team-a-adder/r&versionId=1'],
    ['PUT', '/objects/adder.onnx'],
    ['PUT', '/objects/models/adder.onnx'],
  ])('refuses %s %s to the key of another team', async (method, asked) => {
    const { key } = keys.other;

    expect(await refused(control + asked, { key, method })).toMatch(
      /^403 the key bob has the role \w+ for team-b-\*, and not for .+$/,
    );
  });

  it.each([
    '/objects/models/team-b-x/../team-a-adder/adder.onnx',
    '/objects/models/team-b-x/%2e%2e/team-a-adder/a.onnx',
  ])('is not led to another team by %s', async (asked) => {
    const sent = { key: keys.other.key, method: 'PUT', body: 'x', path: asked };

    expect((await ask(control, sent)).status).toBe(400);
  });

  it('shows a team its own models alone, in every list', async () => {
    const { key } = keys.other;
    const lists = ['/models', '/refused', '/builds', '/objects', '/events?follow=false'];

    for (const list of lists) {
      const { status, said } = await ask(control + list, { key });
      expect([list, status]).toEqual([list, 200]);
      expect(said).not.toContain('team-a');
    }
    const { deploymentId } = JSON.parse(
      (await ask(`${control}/models/team-a-adder/explain`, { key: keys.team.key })).said,
    );
    expect(await refused(`${control}/deployments/${deploymentId}`, { key })).toBe(
      `404 no deployment ${deploymentId}`,
    );
    expect(await refused(`${control}/deployments/${deploymentId}/steps`, { key })).toMatch(/^404 /);
    const own = await ask(`${control}/deployments/${deploymentId}`, { key: keys.team.key });
    expect(own.status).toBe(200);
  });

  it.each([
    ['viewer', 'PUT', '/objects/models/team-a-adder/adder.onnx', 'drop; it has see'],
    ['viewer', 'POST', '/models/team-a-adder/rollback', 'promote; it has see'],
    ['viewer', 'POST', '/models/team-a-adder/feedback', 'call; it has see'],
    ['app', 'GET', '/models', 'see; it has call'],
    ['app', 'GET', '/events?follow=false', 'see; it has call'],
  ] as const)(
    'names the role that the key %s lacks for %s %s',
    async (name, method, asked, lacks) => {
      const { key } = keys[name];

      expect(await refused(control + asked, { key, method })).toBe(
        `403 the key ${name} lacks the role ${lacks}`,
      );
    },
  );

  it.each([
    ['POST', '/keys?name=mine&all=true'],
    ['GET', '/keys'],
    ['POST', '/console/links'],
    ['POST', '/console/sessions?code=x'],
    ['POST', '/backup?to=/tmp/stolen'],
    ['POST', '/prune'],
    ['GET', '/models/team-a-adder/capture/requests'],
  ])('lets no key do %s %s', async (method, asked) => {
    expect(await refused(control + asked, { key: keys.team.key, method })).toMatch(
      /^403 nobody may do this from another machine$/,
    );
  });

  it('answers no page of another origin, and no other name', async () => {
    const { key } = keys.team;
    const evil = { origin: 'https://evil.example' };

    expect(await refused(`${control}/models`, { key, headers: evil })).toMatch(
      /^403 pages of https/,
    );
    expect(await refused(`${control}/models`, { key, headers: { host: 'evil.example' } })).toMatch(
      /^403 the Host header names evil\.example/,
    );
  });

  it('speaks TLS alone', async () => {
    const plain = ask(`${control.replace('https:', 'http:')}/models`, { key: keys.team.key });

    await expect(plain).rejects.toThrow();
    expect((await ask(`${control}/models`, { key: keys.team.key })).status).toBe(200);
  });
});

it('the audit log says who did what, without a secret', async () => {
  const shown = await slipway.command('audit', '--json');
  const entries = JSON.parse(shown.out) as Record<string, unknown>[];
  const ofTeam = entries.filter(({ key }) => key === keys.team.id);
  const ofOther = entries.filter(({ key }) => key === keys.other.id);

  expect(entries.slice(0, 5)).toMatchObject(
    ['guest', 'alice', 'viewer', 'app', 'bob'].map((object) => ({
      by: 'local',
      key: null,
      action: 'createKey',
      object,
      outcome: 'done',
    })),
  );
  expect(ofTeam).toContainEqual({
    time: expect.stringMatching(/^20.*Z$/),
    by: 'alice',
    key: keys.team.id,
    door: 'control',
    action: 'putObject',
    model: 'team-a-adder',
    object: 'models/team-a-adder/adder.onnx',
    outcome: 'done',
    address: '127.0.0.1',
  });
  expect(ofTeam).toContainEqual(
    expect.objectContaining({ action: 'rollBack', model: 'team-a-adder', outcome: 'done' }),
  );
  expect(ofOther.length).toBeGreaterThan(10);
  expect(new Set(ofOther.map(({ outcome }) => outcome))).toContain('PlatformDenied');
  for (const { key } of Object.values(keys)) expect(shown.out).not.toContain(key);
  expect(shown.out).not.toContain(slipway.token);
});

it('a start is refused that would open the control API in plain HTTP, or by a bad certificate', async () => {
  await using other = await temporaryFolder();
  const { cert } = localCertificate(2021);
  writeFileSync(path('old.pem'), cert);
  const start = (config: object) =>
    startSlipway(other.path, { config: { othersHost: '0.0.0.0', ...config } });

  await expect(start({ othersControlPort: await freePort() })).rejects.toThrow(
    /--host-control-port opens the control API on 0\.0\.0\.0 in plain HTTP/,
  );
  await expect(start({ tlsCert: path('cert.pem') })).rejects.toThrow(
    /--tls-cert and --tls-key belong together/,
  );
  await expect(start({ tlsCert: path('old.pem'), tlsKey: path('key.pem') })).rejects.toThrow(
    /is not the key of the certificate/,
  );
});
