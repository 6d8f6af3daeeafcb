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

const PARTS = ['swagger-ui.css', 'swagger-ui-bundle.js', 'page.js'];

/** The paths that a browser asks for which has the page by `path`. */
function namedIn(page: string, path: string) {
  const resolved = (named = '') => new URL(named, `http://front.test${path}`).pathname;
  const parts = Array.from(page.matchAll(/(?:src|href)="([^":]+)"/g), ([, part]) => resolved(part));
  return { document: resolved(/data-document="([^"]+)"/.exec(page)?.[1]), parts };
}

describe('at a model’s own address', () => {
  it.each(['/models/digits', '/models/digits/', '/models/digits/docs'])(
    '%s is a page for a browser, by the document of the model',
    async (path) => {
      const { status, type, text } = await get(path, BROWSER);

      expect({ status, type }).toEqual({ status: 200, type: 'text/html; charset=utf-8' });
      expect(namedIn(text, path).document).toBe('/models/digits/openapi.json');
      expect(seen).toEqual([]);
    },
  );

  it.each([
    { front: '/ml', behind: '' },
    { front: '/a/b', behind: '' },
    { front: '/iris', behind: '/models/digits' },
  ])(
    'behind a proxy that publishes “$behind/” as $front/ all of the page is found',
    async ({ front, behind }) => {
      const asked = behind
        ? [`${behind}/`, `${behind}/docs`, `${behind}/docs/?x=1`]
        : ['/models/digits', '/models/digits?x=/', '/models/digits/', '/models/digits/docs'];
      const pages = await Promise.all(asked.map((path) => get(path, BROWSER)));

      const found = pages.map(({ text }, index) => {
        const path = front + asked[index]!.slice(behind.length);
        const { document, parts } = namedIn(text, path);
        return [document, ...parts];
      });

      const own = behind ? front : `${front}/models/digits`;
      const all = ['openapi.json', ...PARTS.map((part) => `_page/${part}`)];
      expect(found).toEqual(asked.map(() => all.map((part) => `${own}/${part}`)));
    },
  );

  it('all that the page is made of is served beside it, and nothing else', async () => {
    const { text } = await get('/models/digits', BROWSER);

    const { parts } = namedIn(text, '/models/digits');
    const served = await Promise.all(parts.map((part) => get(part)));

    // Else a browser would ask for /favicon.ico.
    expect(text).toContain('<link rel="icon" href="data:,">');
    expect(served.map(({ status, type }) => [status, type])).toEqual([
      [200, 'text/css; charset=utf-8'],
      [200, 'text/javascript; charset=utf-8'],
      [200, 'text/javascript; charset=utf-8'],
    ]);
    expect(served[1]?.text).toContain('SwaggerUIBundle');
    const others = ['..%2fpackage.json', 'swagger-ui.js', 'constructor'];
    for (const other of others) await get(`/models/digits/_page/${other}`);
    // The model's server is asked, as for any path of which the gateway knows nothing.
    expect(seen.map(({ url }) => url)).toEqual(others.map((other) => `/_page/${other}`));
  });

  it('a heading that says nothing is hidden: that of paths in no group', async () => {
    const { text } = await get('/models/digits', BROWSER);

    expect(text).toContain('#operations-tag-default');
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

    const { document } = namedIn(text, '/_candidate/digits-v1');
    expect(document).toBe('/_candidate/digits-v1/openapi.json');
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
