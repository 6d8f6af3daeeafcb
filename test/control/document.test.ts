import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { unwalled } from '#adapters/local/servers/walls.ts';
import { openApiDocument } from '#control/openapi.ts';
import { machineOperations } from '#control/operations.ts';
import { NEXT_PHASES } from '#domain/phase.ts';
import { machineWalls } from '#operations/watch/machine-walls.ts';
import { addConstantModel, unknownOperatorModel } from '../support/models/onnx.ts';
import { notLinux } from '../support/needs.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const FILE = new URL('../../docs/control-api.openapi.yaml', import.meta.url);
const document = parse(readFileSync(FILE, 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(document, 'api');

const light = (constant: number) => behaving('echoes', addConstantModel({ constant }));

/** The errors of an answer by the document, which allows no fields besides its own; null when there are none. */
function wrong(path: string, method: string, status: string, type: string, body: unknown) {
  const isKnown = status in document.paths[path][method].responses;
  const schema = isKnown
    ? ['paths', path, method, 'responses', status, 'content', type, 'schema']
    : ['components', 'schemas', 'Refusal'];
  const pointer = schema.map((part) =>
    encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
  );
  const validate = ajv.compile({ $ref: `api#/${pointer.join('/')}` });
  return validate(body) ? null : validate.errors;
}

const UPLOAD = '00000000-0000-4000-8000-000000000000';

describe('docs/control-api.openapi.yaml', () => {
  it('is the one that the code goes by: `npm run schemas` writes it', () => {
    expect(document).toEqual(openApiDocument(machineOperations));
  });

  it('is OpenAPI 3.1: each reference leads somewhere, each parameter of a path is said, each operation has its own name', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    const lost = references.filter(
      ([, path = '']) => path.split('/').reduce((at, part) => at?.[part], document) === undefined,
    );
    const operations = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, ...operation })),
    );
    const unsaid = operations.filter(({ path, parameters = [] }) => {
      const said = parameters.filter((parameter: { in: string }) => parameter.in === 'path');
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      return said.map(({ name }: { name: string }) => name).join() !== named.join();
    });

    expect(references.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
    expect(unsaid).toEqual([]);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    expect(operations.filter(({ summary }) => !summary)).toEqual([]);
  });

  it('opens to whoever asks only what a monitor reads, and a console by the code of its link', () => {
    const open = Object.values(machineOperations).filter((operation) => 'isOpen' in operation);

    expect(document.security).toEqual([{ token: [] }]);
    expect(open.map(({ path }) => path)).toEqual(['/metrics', '/healthz', '/console/sessions']);
    expect(
      open.map(({ path, method }) => document.paths[path][method.toLowerCase()].security),
    ).toEqual([[], [], []]);
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
      const [type = ''] = response.headers.get('content-type')?.split(';') ?? [];
      const texts = (await response.text()).split('\n').filter((line) => line !== '');
      const bodies: { readonly deploymentId?: string }[] = texts.map((line) => JSON.parse(line));
      const method = (init.method ?? 'GET').toLowerCase();
      const { status } = response;
      const faults = bodies.map((body) => wrong(path, method, String(status), type, body));
      return {
        status,
        body: bodies.at(-1) ?? {},
        wrong: faults.find((fault) => fault !== null) ?? null,
        asked: `${method.toUpperCase()} ${path}`,
      };
    };
    const put = (key: string, bytes: Uint8Array | string) =>
      ask('/objects/{key}', `/objects/${key}`, { method: 'PUT', body: Buffer.from(bytes) });
    const remove = (key: string) => ask('/objects/{key}', `/objects/${key}`, { method: 'DELETE' });
    const post = (what: string, model: string, query = '') =>
      ask(`/models/{name}/${what}`, `/models/${model}/${what}${query}`, { method: 'POST' });
    const inviteCode = async () => {
      const { body } = await ask('/console/links', '/console/links', { method: 'POST' });
      return new URL((body as { url: string }).url).hash.replace('#open=', '');
    };
    const good = await put('models/good/m.onnx', light(1));
    await put('Wrong_Name.onnx', 'no folder of a model');
    const bad = await put('models/bad/m.onnx', unknownOperatorModel());
    await Promise.all([slipway.ending('good', 1), slipway.ending('bad', 1)]);
    await put('models/good/m.onnx', light(2));
    await slipway.ending('good', 2);
    // The event Live comes before the version before is retired; until then the deployment is under way.
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
      await ask('/storage', '/storage'),
      await ask('/scrub', '/scrub', { method: 'POST' }),
      await ask('/prune', '/prune?dryRun=true', { method: 'POST' }),
      await ask('/backup', `/backup?to=${encodeURIComponent(`${folder.path}/backup`)}`, {
        method: 'POST',
      }),
      await ask('/console/sessions', `/console/sessions?code=${await inviteCode()}`, {
        method: 'POST',
      }),
      await ask('/console/links', '/console/links', { method: 'POST' }),
      await ask('/keys', '/keys?name=ci&models=good', { method: 'POST' }),
      await ask('/keys', '/keys?name=app&all=true&use=calls', { method: 'POST' }),
      await ask('/keys', '/keys'),
      await ask('/keys/{id}', '/keys/0123456789abcdef', { method: 'DELETE' }),
      await ask('/uploads/{id}', `/uploads/${UPLOAD}?key=notes&totalBytes=5&offset=0`, {
        method: 'PUT',
        body: Buffer.from('hel'),
      }),
      await ask('/uploads/{id}', `/uploads/${UPLOAD}`),
      await ask('/models/{name}/traffic', '/models/good/traffic?minutes=5'),
      await ask('/models/{name}/demand', '/models/good/demand'),
      await ask('/deployments/{id}/steps', `/deployments/${good.body.deploymentId}/steps`),
      await ask('/workflows/{workflow}', '/workflows/deploy'),
      await ask('/models', '/models'),
      await slipway.ending('Wrong_Name.onnx', 1).then(() => ask('/refused', '/refused')),
      await ask('/models/{name}', '/models/good'),
      await ask('/models/{name}', '/models/bad'),
      await ask('/models/{name}/logs', '/models/good/logs'),
      await ask('/models/{name}/tags', '/models/good/tags?tag=v1&version=1', { method: 'PUT' }),
      await ask('/models/{name}/versions', '/models/good/versions'),
      await ask('/models/{name}/explain', '/models/good/explain'),
      await ask('/models/{name}/explain', '/models/bad/explain?version=1'),
      await ask('/models/{name}/diff', '/models/good/diff'),
      await ask('/models/{name}/diff', '/models/good/diff?from=2&to=1'),
      await ask('/models/{name}/capture', '/models/good/capture'),
      await ask('/models/{name}/capture/requests', '/models/good/capture/requests'),
      await ask('/models/{name}/capture', '/models/good/capture', { method: 'DELETE' }),
      await post('feedback', 'good'),
      await ask('/models/{name}/release', '/models/good/release?place=here'),
      await post('abort', 'good'),
      await post('rollback', 'good', '?to=2'),
      await post('rollback', 'good'),
      await slipway.ending('good', 3).then(() => post('undeploy', 'good')),
      await ask('/deployments/{id}', `/deployments/${good.body.deploymentId}`),
      await ask('/deployments/{id}', `/deployments/${bad.body.deploymentId}`),
      await ask('/keys', '/keys?name=ci', { method: 'POST' }),
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
      await ask('/models/{name}/diff', '/models/good/diff?from=9'),
      await ask('/models/{name}/diff', '/models/good/diff?to=1'),
      await ask('/models/{name}/capture', '/models/good/capture?day=today', { method: 'DELETE' }),
      await ask('/models/{name}/feedback', '/models/good/feedback', {
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: '{"id": 1}',
      }),
      await ask('/models/{name}/tags', '/models/good/tags?tag=-x&version=1', { method: 'PUT' }),
      await ask('/models/{name}/tags', '/models/good/tags?tag=v1&version=9', { method: 'PUT' }),
    ];

    // A machine of Linux whose walls nobody sets says so to monitors.
    const refuses = unwalled(await machineWalls(slipway.dataDir));
    const health = notLinux === undefined && refuses !== null ? 503 : 200;
    expect(answers.map(({ status }) => status)).toEqual([
      ...[...Array(7).fill(200), health, ...Array(39).fill(200)],
      ...[
        400, 404, 404, 404, 400, 400, 404, 400, 409, 400, 400, 404, 400, 400, 400, 400, 400, 400,
        400, 400, 400,
      ],
    ]);
    expect(answers.slice(3, 7).map(({ body }) => body)).toEqual([
      { keys: ['models/good/notes'] },
      { key: 'models/good/notes' },
      { key: 'models/good/notes' },
      { keys: [] },
    ]);
    expect(answers.filter((answer) => answer.wrong !== null)).toEqual([]);
    // A promotion and its answer need a second Slipway; metrics, reports and events are text.
    const asked = new Set(
      answers.filter(({ status }) => status < 400 || status === 503).map((answer) => answer.asked),
    );
    const operations = Object.values(machineOperations).map(
      ({ method, path }) => `${method} ${path}`,
    );
    expect(operations.filter((operation) => !asked.has(operation))).toEqual([
      'GET /metrics',
      'GET /models/{name}/report',
      'POST /promotions',
      'POST /models/{name}/answer',
      'GET /events',
    ]);
  });
});
