import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { PATH_WITH_CURL } from '../../support/programs/path.ts';
import { type ModelServer, sharedModel, startListening } from '../model-server.ts';
import type { Runtime } from '../runtime.ts';

const run = promisify(execFile);

/** A server's description of itself at its own address. */
export function describeAbout(runtime: Runtime): void {
  let server: ModelServer;
  let onLambda: ModelServer;
  beforeAll(async () => {
    server = await sharedModel(runtime, ['columns'], { MODEL_VERSION: '7' });
    onLambda = await sharedModel(runtime, ['columns'], { AWS_LAMBDA_FUNCTION_NAME: 'f' });
  });

  it.each(['/', '/docs'])('%s says what the model is, and its paths', async (path) => {
    const { status, json } = await server.get(path);

    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'm', versions: ['7'], platform: runtime.platform });
    expect(json.status).toBe('alive');
    expect(json.inputs[0]).toEqual({ name: 'weight', datatype: 'FP32', shape: [-1] });
    expect(json.paths).toMatchObject({
      'POST /invocations': 'Answer inputs given as nested lists or as a table',
      'POST /v2/models/m/infer': expect.any(String),
      'POST /v1/models/m:predict': expect.any(String),
      'GET /ping': 'Whether the model is loaded',
    });
  });

  const shell = async (command: string) => {
    const env = { ...process.env, PATH: PATH_WITH_CURL };
    const { stdout } = await run('sh', ['-c', command], { env });
    return JSON.parse(stdout.slice(stdout.indexOf('{')));
  };

  it('gives a command that calls it', async () => {
    const { json } = await server.get('/');

    expect(json.curl).toContain(` ${server.url}/invocations `);
    expect(await shell(json.curl)).toEqual({ predictions: { total: [0], label: [''] } });
  });

  it('gives one that asks for the example first, where that is long', async () => {
    const wide = await sharedModel(runtime, ['width32Only']);
    const many = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 1000] }]);

    const short = (await wide.get('/')).json.curl;
    const { curl } = (await many.get('/')).json;

    expect(short).not.toContain('example.json');
    expect(curl).toMatch(/^curl -s \S+\/example\.json \| curl \S+\/invocations .* -d @-$/);
    expect((await shell(curl)).predictions[0]).toEqual(new Array(1000).fill(1));
  });

  it.each([
    {
      says: 'behind the gateway',
      headers: {
        'x-forwarded-host': 'models.test:8080',
        'x-forwarded-prefix': '/models/m',
        'x-forwarded-proto': 'http',
      },
      curl: /^curl http:\/\/models\.test:8080\/models\/m\/invocations -H 'content-type/,
    },
    {
      says: 'behind API Gateway',
      isOnLambda: true,
      headers: {
        'x-slipway-domain': 'claimed.test',
        'x-slipway-path': '/claimed',
        'x-amzn-request-context': JSON.stringify({
          domainName: 'a.execute-api.eu-west-1.amazonaws.com',
          path: '/v1/models/m/docs',
        }),
      },
      curl: /^curl https:\/\/a\.execute-api\.eu-west-1\.amazonaws\.com\/v1\/models\/m\/invocations -H "authorization: Bearer \$SLIPWAY_KEY" /,
    },
    {
      says: 'behind API Gateway and a load balancer',
      headers: {
        host: 'internal-slipway-1.eu-west-1.elb.amazonaws.com',
        'x-amzn-request-context': JSON.stringify({ domainName: 'claimed.test', path: '/claimed' }),
        'x-slipway-domain': 'a.execute-api.eu-west-1.amazonaws.com',
        'x-slipway-path': '/v1/models/m',
      },
      curl: /^curl https:\/\/a\.execute-api\.eu-west-1\.amazonaws\.com\/v1\/models\/m\/invocations -H "authorization: Bearer \$SLIPWAY_KEY" /,
    },
    {
      says: 'for a model that is called docs',
      isOnLambda: true,
      headers: {
        'x-amzn-request-context': JSON.stringify({ domainName: 'a.test', path: '/models/docs' }),
      },
      curl: /^curl https:\/\/a\.test\/models\/docs\/invocations /,
    },
    {
      says: 'whatever a client calls itself',
      headers: { 'x-forwarded-host': 'a$(touch x)', 'x-forwarded-prefix': '/$(touch x)' },
      curl: /^curl http:\/\/HOST\/invocations /,
    },
  ])('the command is right $says', async ({ headers, curl, isOnLambda = false }) => {
    const { json } = await (isOnLambda ? onLambda : server).get('/docs', { headers });

    expect(json.curl).toMatch(curl);
  });

  it('the example is the request that proved the model, where that is known', async () => {
    const body = { inputs: { weight: [2.5], pieces: [7], name: ['nail'] } };
    const proven = await sharedModel(runtime, ['columns'], {
      MODEL_EXAMPLE: JSON.stringify({ protocol: 'invocations', body }),
    });

    const { json } = await proven.get('/example.json');

    expect(json).toEqual(body);
  });

  describe('for a browser', () => {
    const accept = 'text/html,application/xhtml+xml,*/*;q=0.8';
    const page = async (headers = {}, asked = server) => {
      const response = await fetch(`${asked.url}/`, { headers: { accept, ...headers } });
      return { response, text: await response.text() };
    };

    it.each(['/', '/docs'])('%s is a page, whole in one answer', async (path) => {
      const response = await fetch(`${server.url}${path}`, { headers: { accept } });
      const text = await response.text();

      expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
      expect(response.headers.get('vary')).toContain('accept');
      expect(text).toContain('<div id="try"></div>');
      expect(text).not.toMatch(/<(?:script|link|img)[^>]* (?:src|href)="(?!data:)/);
    });

    it('the page runs its own script alone, and no other page may hold it', async () => {
      const { response, text } = await page();
      const policy = /http-equiv="content-security-policy" content="([^"]+)"/.exec(text)?.[1];
      const [script, style] = ['script', 'style'].map((name) => {
        const inner = new RegExp(`<${name}[^>]*>([^]*)</${name}>`).exec(text)?.[1] ?? '';
        return createHash('sha256').update(inner).digest('base64');
      });

      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain(`script-src 'sha256-${script}'`);
      expect(policy).toContain(`style-src 'sha256-${style}'`);
      expect(response.headers.get('content-security-policy')).toBe("frame-ancestors 'none'");
    });

    it('it is the same for all requests, also on Lambda', async () => {
      const context = JSON.stringify({ domainName: 'a.test', path: '/v1/models/m/' });

      const [here, there] = [
        await page(),
        await page({ 'x-amzn-request-context': context }, onLambda),
      ];

      expect(there.text).toBe(here.text);
    });

    it('no request can write into it', async () => {
      const { text } = await page({ 'x-forwarded-prefix': '/"><script>', host: '<b>' });

      expect(text).not.toContain('"><script>');
      expect(text).not.toContain('<b>');
    });
  });

  it('is not there before the model is', async () => {
    const loading = await startListening(runtime, runtime.models.neverLoaded());

    const { status, json } = await loading.get('/');

    expect({ status, json }).toEqual({ status: 503, json: { error: 'the model m is loading' } });
    loading.child.kill('SIGKILL');
  });

  describe("KServe's first protocol", () => {
    it.each([
      { path: '/v1/models', json: { models: ['m'] } },
      { path: '/v1/models/m', json: { name: 'm', ready: true } },
    ])('$path answers $json', async ({ path, json }) => {
      expect((await server.get(path)).json).toEqual(json);
    });

    it('predict answers a row each, by name where there are several outputs', async () => {
      const instances = [
        [0.5, 200, 'nail'],
        [2, 3, 'nut'],
      ];

      const { json } = await server.post('/v1/models/m:predict', { instances });

      expect(json).toEqual({
        predictions: [
          { total: 100, label: 'nail' },
          { total: 6, label: 'nut' },
        ],
      });
    });

    it('predict answers the only output as it is', async () => {
      const only = await sharedModel(runtime, ['addConstant', { constant: 1, shape: ['n', 2] }]);

      const { json } = await only.post('/v1/models/m:predict', { instances: [[1, 2]] });

      expect(json).toEqual({ predictions: [[2, 3]] });
    });
  });
}
