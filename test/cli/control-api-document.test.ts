import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { HTTPMethods } from 'fastify';
import { parse } from 'yaml';
import { controlApi } from '#adapters/local/control-api.ts';
import { unwalled } from '#adapters/local/servers/walls.ts';
import { machineWalls } from '#compose/machine-walls.ts';
import { NEXT_PHASES } from '#domain/phase.ts';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { notLinux } from '../support/needs.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const FILE = new URL('../../docs/control-api.openapi.yaml', import.meta.url);
const document = parse(readFileSync(FILE, 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(document, 'api');

const light = (constant: number) => behaving('echoes', addConstantModel({ constant }));

/** What is wrong with an answer by the document; null when nothing is. */
function wrong(path: string, method: string, status: string, body: unknown) {
  const isKnown = status in document.paths[path][method].responses;
  const schema = isKnown
    ? ['paths', path, method, 'responses', status, 'content', 'application/json', 'schema']
    : ['components', 'schemas', 'Refusal'];
  const pointer = schema.map((part) =>
    encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
  );
  const validate = ajv.compile({ $ref: `api#/${pointer.join('/')}` });
  return validate(body) ? null : validate.errors;
}

describe('docs/control-api.openapi.yaml', () => {
  it('has every route of the control API, and no other', () => {
    const api = controlApi({ events: { send: async () => {} } } as never);
    // Each GET has a HEAD beside it, which goes without saying.
    const printed = api.printRoutes({ commonPrefix: false });

    const known = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => ({
        method: method.toUpperCase() as HTTPMethods,
        url: path.replace('{key}', '*').replace(/\{(\w+)\}/g, ':$1'),
      })),
    );

    expect(known.filter((route) => !api.hasRoute(route))).toEqual([]);
    expect(known).toHaveLength(printed.match(/\b(?:GET|PUT|POST|DELETE|PATCH)\b/g)?.length ?? 0);
  });

  it('names every phase', () => {
    expect(document.components.schemas.Phase.enum).toEqual(Object.keys(NEXT_PHASES));
  });

  it('describes what a Slipway answers, and what it refuses', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, {
      hasAnyServer: true,
      config: { bakeSeconds: 0 },
    });
    const ask = async (path: string, url: string, init: RequestInit = {}) => {
      const response = await slipway.api(url, init);
      const body = (await response.json()) as { readonly deploymentId?: string };
      const method = (init.method ?? 'GET').toLowerCase();
      const { status } = response;
      return { status, body, wrong: wrong(path, method, String(status), body) };
    };
    const put = (key: string, bytes: Uint8Array | string) =>
      ask('/objects/{key}', `/objects/${key}`, { method: 'PUT', body: Buffer.from(bytes) });
    const remove = (key: string) => ask('/objects/{key}', `/objects/${key}`, { method: 'DELETE' });
    const post = (what: string, model: string, query = '') =>
      ask(`/models/{name}/${what}`, `/models/${model}/${what}${query}`, { method: 'POST' });
    const good = await put('models/good/m.onnx', light(1));
    await put('Wrong_Name.onnx', 'no folder of a model');
    const bad = await put('models/bad/m.onnx', unknownOperatorModel());
    await Promise.all([slipway.ending('good', 1), slipway.ending('bad', 1)]);
    await put('models/good/m.onnx', light(2));
    await slipway.ending('good', 2);
    // Live is told before the version before is retired, until which the deployment is under way.
    await slipway.settled('good');

    const answers = [
      good,
      bad,
      await put('models/good/notes', 'hello'),
      await ask('/objects', '/objects?prefix=models/good/n'),
      await remove('models/good/notes'),
      await remove('models/good/notes'),
      await ask('/objects', '/objects?prefix=models/good/n'),
      await ask('/healthz', '/healthz'),
      await ask('/builds', '/builds'),
      await ask('/models', '/models'),
      await slipway.ending('Wrong_Name.onnx', 1).then(() => ask('/refused', '/refused')),
      await ask('/models/{name}', '/models/good'),
      await ask('/models/{name}', '/models/bad'),
      await ask('/models/{name}/logs', '/models/good/logs'),
      await ask('/models/{name}/versions', '/models/good/versions'),
      await ask('/models/{name}/explain', '/models/good/explain'),
      await ask('/models/{name}/explain', '/models/bad/explain?version=1'),
      await ask('/models/{name}/release', '/models/good/release?place=here'),
      await post('abort', 'good'),
      await post('rollback', 'good', '?to=2'),
      await post('rollback', 'good'),
      await slipway.ending('good', 3).then(() => post('undeploy', 'good')),
      await ask('/deployments/{id}', `/deployments/${good.body.deploymentId}`),
      await ask('/deployments/{id}', `/deployments/${bad.body.deploymentId}`),
      await ask('/models/{name}', '/models/nobody'),
      await ask('/models/{name}/logs', '/models/nobody/logs'),
      await ask('/deployments/{id}', `/deployments/${'0'.repeat(32)}`),
      await ask('/events', '/events', { headers: { 'last-event-id': 'x' } }),
      await ask('/models', '/models', { headers: { origin: 'http://elsewhere' } }),
      await ask('/models', '/nothing'),
      await remove('models/good//notes'),
      await post('answer', 'good', '?version=2&verdict=approved&digest=x&by=ada'),
      await post('answer', 'good', '?version=2&verdict=maybe&digest=x&by=ada'),
      await ask('/promotions', '/promotions?model=good', { method: 'POST' }),
      await post('rollback', 'nobody'),
      await post('rollback', 'good', '?to=first'),
      await ask('/models/{name}/rollback', '/models/good/rollback', {
        method: 'POST',
        body: '{"to": 1}',
      }),
      await ask('/models/{name}/explain', '/models/good/explain?version=9'),
    ];

    // A machine of Linux whose walls nobody sets says so to monitors.
    const refuses = unwalled(await machineWalls(slipway.dataDir));
    const health = notLinux === undefined && refuses !== null ? 503 : 200;
    expect(answers.map(({ status }) => status)).toEqual([
      ...[...Array(7).fill(200), health, ...Array(16).fill(200)],
      ...[404, 404, 404, 400, 400, 404, 400, 409, 400, 400, 404, 400, 400, 400],
    ]);
    expect(answers.slice(3, 7).map(({ body }) => body)).toEqual([
      { keys: ['models/good/notes'] },
      { key: 'models/good/notes' },
      { key: 'models/good/notes' },
      { keys: [] },
    ]);
    expect(answers.filter((answer) => answer.wrong !== null)).toEqual([]);
  });
});
