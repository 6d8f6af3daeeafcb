import { serveMirror } from '../../../support/gateway/real-revisions.ts';
import { type GatewayWorld, gatewayWorld } from '../../../support/gateway/world.ts';

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

let world: GatewayWorld;
let seen: Awaited<ReturnType<typeof serveMirror>>;

beforeEach(async () => {
  world = await gatewayWorld();
  await world.route('digits', { 'digits-v1': 1 });
  seen = await serveMirror(world.revisions, 'digits-v1');
});

afterEach(() => world.close());

async function get(path: string, headers = {}) {
  const { statusCode, headers: said, body } = await world.call(path, { headers });
  return { status: statusCode, type: said['content-type'], text: await body.text() };
}

describe('at a model’s own address', () => {
  it.each(['/models/digits', '/models/digits/', '/models/digits/docs'])(
    '%s is a page for a browser, by the document of the model',
    async (path) => {
      const { status, type, text } = await get(path, BROWSER);

      expect({ status, type }).toEqual({ status: 200, type: 'text/html; charset=utf-8' });
      expect(text).toContain('data-document="/models/digits/openapi.json"');
      expect(seen).toEqual([]);
    },
  );

  it('all that the page is made of is served beside it, and nothing else', async () => {
    const { text } = await get('/models/digits', BROWSER);
    const parts = Array.from(text.matchAll(/(?:src|href)="(\/[^"]+)"/g), ([, part = '']) => part);

    const served = await Promise.all(parts.map((part) => get(part)));

    // Else a browser would ask for /favicon.ico.
    expect(text).toContain('<link rel="icon" href="data:,">');
    expect(served.map(({ status, type }) => [status, type])).toEqual([
      [200, 'text/css; charset=utf-8'],
      [200, 'text/javascript; charset=utf-8'],
      [200, 'text/javascript; charset=utf-8'],
    ]);
    expect(served[1]?.text).toContain('SwaggerUIBundle');
    expect((await get('/_page/../package.json')).status).toBe(404);
    expect((await get('/_page/swagger-ui.js')).status).toBe(404);
    expect((await get('/_page/constructor')).status).toBe(404);
  });

  it.each(['/', '/models', '/metrics', '/models/digits'])(
    'HEAD of %s is answered as GET is, without a body',
    async (path) => {
      const [got, head] = await Promise.all(
        (['GET', 'HEAD'] as const).map((method) =>
          world.call(path, { method, headers: { accept: 'text/html' } }),
        ),
      );

      expect(head?.statusCode).toBe(200);
      expect(head?.headers['content-type']).toBe(got?.headers['content-type']);
      expect(await head?.body.text()).toBe('');
    },
  );

  it('a candidate has one too', async () => {
    const { text } = await get('/_candidate/digits-v1', BROWSER);

    expect(text).toContain('data-document="/_candidate/digits-v1/openapi.json"');
  });

  it.each([
    { path: '/models/digits', headers: {}, asked: '/' },
    { path: '/models/digits/docs', headers: { accept: '*/*' }, asked: '/docs' },
    { path: '/models/digits/ping', headers: BROWSER, asked: '/ping' },
  ])('$path with $headers is for its server', async ({ path, headers, asked }) => {
    await get(path, headers);

    expect(seen.map(({ url }) => url)).toEqual([asked]);
    expect(seen[0]?.headers['x-forwarded-prefix']).toBe(
      asked === '/ping' ? undefined : '/models/digits',
    );
  });

  it('there is none of a model that is not live', async () => {
    expect((await get('/models/letters', BROWSER)).status).toBe(404);
  });
});
