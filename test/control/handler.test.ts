import { controlClient } from '#control/client.ts';
import { controlHandler, type Guard } from '#control/handler.ts';
import { everywhere, onOneMachine } from '#control/operations.ts';
import type { CursoredEvent } from '#control/streams.ts';
import { Failure } from '#domain/failure.ts';
import { registryEvents } from '#operations/account/events.ts';
import { slipwayRequests } from '#operations/slipway.ts';
import { recover } from '#steps/recover.ts';
import { memoryBuilds } from '../support/memory/builds.ts';
import { memoryCapture } from '../support/memory/capture.ts';
import { memoryDemand } from '../support/memory/demand.ts';
import { memoryEnvironments } from '../support/memory/environments.ts';
import { memoryExecutions } from '../support/memory/executions.ts';
import { memoryPrices } from '../support/memory/prices.ts';
import { memoryRegistry } from '../support/memory/registry.ts';
import { goneLive, registryWorld } from '../support/worlds/registry.ts';

const EVERYBODY: Guard = () => undefined;

/** The control API over a registry in which shapes has gone live, as a function in an account would run it: no server, no fastify, no port. */
async function accountApi({ guard = EVERYBODY } = {}) {
  const world = registryWorld(memoryRegistry);
  const { registry, clock } = world;
  await registry.releaseLease(await goneLive(world, 1));
  const executions = memoryExecutions();
  const removed: string[] = [];
  const operations = slipwayRequests({
    registry,
    executions,
    ...memoryCapture(clock),
    builds: memoryBuilds(memoryEnvironments()).builds,
    recover: recover({ registry, executions, mostAttempts: 3 }),
    clock,
    sleep: async (ms) => clock.advance(ms),
    bucket: 'bucket',
    endpoint: (model) => `https://models.example/models/${model}`,
    alerts: async () => [],
    untaken: async () => [],
    isInBucket: async () => true,
    logs: () => ({
      platforms: {},
      buildLog: { tail: async () => [] },
      builds: { find: async () => undefined },
    }),
    demand: memoryDemand(),
    isSpent: true,
    measurements: null,
    prices: memoryPrices(),
    traffic: async () => ({ everySeconds: 60, nowMs: clock.now(), now: [], points: [] }),
    listBuilds: async () => [],
    readEvents: async (query) => registryEvents(registry, query),
    objects: async (prefix) => [`${prefix}a.onnx`],
    remove: async (key) => void removed.push(key),
    steps: async () => [],
    answeredBy: async () => 'arn:aws:iam::123456789012:user/ada',
  });
  const handler = controlHandler({ table: everywhere, operations, guard, after: () => () => {} });
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await handler(new Request(`https://api.example${path}`, init));
    return { status: response.status, body: await response.json() };
  };
  return { handler, ask, removed };
}

describe('the control API as a function of a request', () => {
  it('begins with the newest events where that is asked for, unless a cursor says where', async () => {
    const { handler } = await accountApi();
    const cursors = async (query: string, headers: Record<string, string> = {}) => {
      const request = new Request(`https://api.example/events?follow=false${query}`, { headers });
      return [...(await (await handler(request)).text()).matchAll(/^id: (.*)$/gm)].map(
        ([, cursor]) => cursor ?? '',
      );
    };
    const all = await cursors('');

    expect(all.length).toBeGreaterThan(3);
    expect(await cursors('&last=2')).toEqual(all.slice(-2));
    expect(await cursors('&last=1000')).toEqual(all);
    expect(await cursors('&last=2', { 'last-event-id': all[0] ?? '' })).toEqual(all.slice(1));
  });

  it('answers with no server around it', async () => {
    const { ask } = await accountApi();

    expect(await ask('/models')).toMatchObject({
      status: 200,
      body: {
        models: [
          {
            name: 'shapes',
            endpoint: 'https://models.example/models/shapes',
            live: { version: 1 },
          },
        ],
      },
    });
  });

  it('is spoken to by the client that is made of the same table', async () => {
    const { handler, removed } = await accountApi();
    const slipway = controlClient(everywhere, (path, asking) =>
      handler(new Request(`https://api.example${path}`, asking)),
    );

    const { versions } = await slipway.listVersions({ name: 'shapes' });
    const { phase } = await slipway.explainVersion({ name: 'shapes', version: 1 });
    const { keys } = await slipway.listObjects({ prefix: 'models/größe 1/' });
    await slipway.removeObject({ key: 'models/größe 1/a?.onnx' });

    expect(versions).toMatchObject([{ version: 1, state: 'Live' }]);
    expect(phase).toBe('Live');
    expect(keys).toEqual(['models/größe 1/a.onnx']);
    expect(removed).toEqual(['models/größe 1/a?.onnx']);
  });

  it.each(['models/shapes/../a.onnx', '../../health', 'models/./a.onnx'])(
    'sends no key with a part that a URL leaves out, such as %s, which would be another path',
    async (key) => {
      const { handler, removed } = await accountApi();
      const paths: string[] = [];
      const slipway = controlClient({ ...everywhere, ...onOneMachine }, (path, asking) => {
        paths.push(path);
        return handler(new Request(`https://api.example${path}`, asking));
      });

      for (const sent of [
        slipway.removeObject({ key }),
        slipway.putObject({ key, bytes: null, sizeBytes: 0 }),
      ]) {
        await expect(sent).rejects.toMatchObject({
          name: 'InputInvalid',
          message: expect.stringMatching(/^the key ".*" has a part `\.{1,2}`$/),
        });
      }
      expect([paths, removed]).toEqual([[], []]);
    },
  );

  it('sends a key as it is where its parts only look like that', async () => {
    const { handler, removed } = await accountApi();
    const slipway = controlClient(everywhere, (path, asking) =>
      handler(new Request(`https://api.example${path}`, asking)),
    );
    const keys = ['models/shapes/%2e%2e/a.onnx', 'models/shapes/...', 'models/shapes/..a/.b'];

    for (const key of keys) await slipway.removeObject({ key });

    expect(removed).toEqual(keys);
  });

  it.each(['../x', 'a/b', '..', '.', ''])('has no model %j, and says so', async (name) => {
    const { handler } = await accountApi();
    const slipway = controlClient(everywhere, async (path, asking) => {
      const response = await handler(new Request(`https://api.example${path}`, asking));
      if (response.ok) return response;
      const { error, fix } = (await response.json()) as { error: string; fix: string };
      throw new Failure('InputInvalid', error, { fix });
    });

    for (const called of ['explainVersion', 'listVersions', 'rollBack'] as const) {
      await expect(slipway[called]({ name })).rejects.toMatchObject({
        message: `no model ${name}`,
        fix: 'See which there are: `slipway status`.',
      });
    }
  });

  it('streams the events, and goes on after the one that a reader had last', async () => {
    const { handler } = await accountApi();
    const slipway = controlClient(everywhere, (path, asking) =>
      handler(new Request(`https://api.example${path}`, asking)),
    );
    const read = async (after?: string) => {
      const found: CursoredEvent[] = [];
      const events = await slipway.readEvents({ model: 'shapes', follow: false, after });
      for await (const event of events) found.push(event);
      return found;
    };

    const all = await read();
    const rest = await read(all[1]?.cursor);

    expect(all.at(-1)?.event.detail.state).toBe('Live');
    expect(rest).toEqual(all.slice(2));
  });

  it('asks its guard before it reads anything of a request, also of one that names nothing', async () => {
    const asked: unknown[] = [];
    const { ask } = await accountApi({
      guard(_request, operation) {
        asked.push(operation?.path);
        throw new Failure('InputInvalid', 'nobody may');
      },
    });

    const answers = [
      await ask('/models/shapes/rollback?to=first', { method: 'POST', body: '{}' }),
      await ask('/nothing'),
      await ask('/models/%ff'),
    ];

    expect(answers.map(({ body }) => body)).toEqual(
      Array(3).fill({ error: 'nobody may', fix: '' }),
    );
    expect(asked).toEqual(['/models/{name}/rollback', undefined, '/models/{name}']);
  });

  it.each([
    ['GET', '/models/nobody', 404, 'no model nobody'],
    ['GET', '/models/shape/explain', 404, 'no model shape'],
    ['POST', '/models/shape/undeploy', 404, 'no model shape'],
    ['GET', `/deployments/${'0'.repeat(32)}`, 404, `no deployment ${'0'.repeat(32)}`],
    ['GET', '/nothing', 404, 'no such resource'],
    ['PATCH', '/models', 404, 'no such resource'],
    ['GET', '/models/%ff', 400, "'/models/%ff' is not a valid url component"],
    ['GET', '/models/shapes/logs?tail=0', 400, 'tail=0 is not a number of lines'],
    ['GET', '/models/shapes/logs?tail=1e3', 400, 'tail=1e3 is not a number of lines'],
    ['GET', '/models/shapes/logs?since=noon', 400, 'since=noon is not a time'],
    ['GET', '/models/shapes/explain?version=x', 400, 'version=x is not a version'],
    ['GET', '/objects?prefix=a&prefix=b', 400, 'the query has prefix more than once'],
    ['GET', '/events?follow=maybe', 400, 'follow=maybe is neither true nor false'],
    ['POST', '/promotions?model=a', 400, 'the query has no key'],
    ['POST', '/promotions?model=', 400, 'the query has no model'],
    [
      'POST',
      '/promotions?model=a&key=b&versionId=c&needsApproval=1',
      400,
      'needsApproval=1 is neither true nor false',
    ],
    [
      'POST',
      '/models/shapes/answer?version=1&verdict=maybe&digest=d&by=ada',
      400,
      'verdict=maybe is neither approved nor refused',
    ],
    [
      'POST',
      '/models/shapes/answer?version=1&verdict=approved&digest=d&by=ada',
      409,
      'version 1 of shapes waits for no approval',
    ],
  ])('refuses %s %s with %i', async (method, path, status, error) => {
    const { ask } = await accountApi();

    expect(await ask(path, { method })).toMatchObject({ status, body: { error } });
  });

  it('refuses a body that it would not read', async () => {
    const { ask } = await accountApi();

    expect(await ask('/models/shapes/rollback', { method: 'POST', body: '{"to":1}' })).toEqual({
      status: 400,
      body: {
        error: 'the request has a body, but this route takes none',
        fix: 'Use the query instead: ?to=2.',
      },
    });
  });

  it('answers HEAD as GET, without the body', async () => {
    const { handler } = await accountApi();
    const get = await handler(new Request('https://api.example/models'));
    const head = await handler(new Request('https://api.example/models', { method: 'HEAD' }));

    expect([head.status, head.body]).toEqual([200, null]);
    expect([...head.headers]).toEqual([...get.headers]);
  });

  it('says so where an answer is of another version of Slipway', async () => {
    const slipway = controlClient(everywhere, async () => Response.json({ models: [{ name: 1 }] }));

    await expect(slipway.listModels({})).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: 'the Slipway that runs answers what this command line does not know (models.0.name)',
      fix: expect.stringContaining('different versions'),
    });
  });

  it('is understood where an earlier Slipway says less, and a later one more', async () => {
    const newest = { id: '1', version: 1, phase: 'Levitating', trouble: null };
    const model = { name: 'a', endpoint: 'http://a', live: null, versions: [], newest };
    const slipway = controlClient(everywhere, async () =>
      Response.json({ models: [{ ...model, repairs: null, unproven: null, colour: 'red' }] }),
    );

    const { models } = await slipway.listModels({});

    expect(models).toEqual([
      {
        ...model,
        newest: { ...newest, waitsFor: null },
        ...{ repairs: null, unproven: null, cost: null, spent: null, alerts: [] },
      },
    ]);
  });
});
