import { gunzipSync } from 'node:zlib';
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

/** The paths that a browser asks for which has the page by `path`. */
function namedIn(page: string, path: string) {
  const resolved = (named = '') => new URL(named, `http://front.test${path}`).pathname;
  return Array.from(page.matchAll(/(?:src|href)="([^":]+)"/g), ([, part]) => resolved(part));
}

/** The paths of the modules that one imports, as a browser resolves them. */
function importedIn(code: string, path: string) {
  const named = code.matchAll(/\b(?:from|import)\s*["'](\.[^"']+)["']/g);
  return Array.from(named, ([, name = '']) => new URL(name, `http://front.test${path}`).pathname);
}

describe('at a model’s own address', () => {
  it.each(['/models/digits', '/models/digits/', '/models/digits/docs'])(
    '%s is a page for a browser, for which its server is not asked',
    async (path) => {
      const { status, type, text } = await get(path, BROWSER);

      expect({ status, type }).toEqual({ status: 200, type: 'text/html; charset=utf-8' });
      expect(text).toContain('data-name="digits"');
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
        return namedIn(text, path);
      });

      const own = behind ? front : `${front}/models/digits`;
      for (const paths of found) {
        expect(paths).toContain(`${own}/_page/try/page.ts`);
        expect(paths.filter((path) => !path.startsWith(`${own}/_page/`))).toEqual([]);
      }
    },
  );

  it('all that the page is made of is served beside it, and nothing else', async () => {
    const { text } = await get('/models/digits', BROWSER);

    const wanted = new Set(namedIn(text, '/models/digits'));
    const types: (string | string[] | undefined)[] = [];
    for (const path of wanted) {
      const part = await get(path);
      types.push(part.type);
      expect([part.status, path]).toEqual([200, path]);
      if (part.type?.includes('javascript'))
        for (const imported of importedIn(part.text, path)) wanted.add(imported);
    }

    expect(wanted).toContain('/models/digits/_page/lib/preact.js');
    expect(new Set(types)).toEqual(
      new Set(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8']),
    );
    const others = ['..%2fpackage.json', 'try', 'constructor'];
    for (const other of others) await get(`/models/digits/_page/${other}`);
    // The model's server is asked, as for any path of which the gateway knows nothing.
    expect(seen.map(({ url }) => url)).toEqual(others.map((other) => `/_page/${other}`));
  });

  it('all of it takes less than 150 kB on the wire', async () => {
    const { text } = await get('/models/digits', BROWSER);

    const wanted = new Set(namedIn(text, '/models/digits'));
    let bytes = Buffer.byteLength(text);
    for (const path of wanted) {
      const packed = await world.call(path, { headers: { 'accept-encoding': 'gzip' } });
      const body = Buffer.from(await packed.body.arrayBuffer());
      expect(packed.headers['content-encoding']).toBe('gzip');
      bytes += body.length;
      const code = packed.headers['content-type']?.includes('javascript');
      if (code)
        for (const imported of importedIn(gunzipSync(body).toString(), path)) wanted.add(imported);
    }

    expect(bytes).toBeLessThan(150_000);
  });

  it('a part that a browser has is not sent to it again', async () => {
    const path = '/models/digits/_page/try/page.ts';
    const first = await world.call(path);
    await first.body.text();

    const again = await world.call(path, {
      headers: { 'if-none-match': `${first.headers['etag']}` },
    });

    expect(again.statusCode).toBe(304);
    expect(await again.body.text()).toBe('');
  });

  it('nothing runs on it but its own scripts, it speaks to its own origin alone, and no page holds it', async () => {
    const { headers } = await world.call('/models/digits', { headers: BROWSER });

    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
  });

  it('the revisions that share the traffic are named, so that two can be asked the same', async () => {
    const alone = await get('/models/digits', BROWSER);
    await world.gateway.router.setShares(
      'digits',
      { 'digits-v1': 9, 'digits-v2': 1 },
      { 'digits-v1': 1 },
      1,
    );

    const shared = await get('/models/digits', BROWSER);

    expect(alone.text).not.toContain('data-revisions');
    expect(shared.text).toContain('data-revisions="digits-v1 digits-v2"');
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

    const paths = namedIn(text, '/_candidate/digits-v1');
    expect(paths).toContain('/_candidate/digits-v1/_page/try/page.ts');
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
