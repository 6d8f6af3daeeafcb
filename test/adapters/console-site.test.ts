import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { consoleFiles } from '#adapters/console-files.ts';
import { consoleSite } from '#adapters/console-site.ts';

const FOLDER = new URL('../../console/', import.meta.url);
const site = consoleSite({ connects: ['http://127.0.0.1:8080'], place: 'machine' });

const asked = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  site(new Request(`http://127.0.0.1:8081${path}`, { method, headers }));
const BROWSER = { accept: 'text/html,*/*' };

const sources = () =>
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(app|look|try)\/.*\.ts$/.test(name))
    .map((name) => ({ name, text: readFileSync(new URL(name, FOLDER), 'utf8') }));

describe('the site of the console', () => {
  it('answers a browser at its root with a page, and leaves programs to the control API', async () => {
    expect(await asked('/', BROWSER)?.text()).toContain('<title>Slipway</title>');
    expect(asked('/')).toBeUndefined();
    expect(asked('/models', BROWSER)).toBeUndefined();
    expect(asked('/console/sessions', {}, 'POST')).toBeUndefined();
  });

  it('has every file that its page names, and every module that these import', async () => {
    const page = (await asked('/', BROWSER)?.text()) ?? '';
    const named = [...page.matchAll(/(?:href|src)="([^"#]+)"/g)].map(([, path]) => `/${path}`);

    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => asked(path)?.status !== 200)).toEqual([]);
  });

  it('paints its frame without loading anything before, and comes packed', async () => {
    const page = (await asked('/', BROWSER)?.text()) ?? '';
    const packed = asked('/', { ...BROWSER, 'accept-encoding': 'gzip' });

    expect(page).not.toContain('stylesheet');
    expect(page.indexOf('modulepreload')).toBeGreaterThan(page.indexOf('</header>'));
    expect(packed?.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync((await packed?.arrayBuffer()) ?? '').toString()).toBe(page);
  });

  it('names all addresses relative to its page, for a proxy that publishes it below a path', async () => {
    const page = (await asked('/', BROWSER)?.text()) ?? '';

    expect(page).not.toMatch(/(?:href|src)="(?:\/|https?:)/);
  });

  it('lets nothing run but its own files, and asks nobody but itself and the gateway', async () => {
    const page = asked('/', BROWSER);
    const policy = page?.headers.get('content-security-policy') ?? '';
    const style = /<style>(.*?)<\/style>/s.exec((await page?.text()) ?? '')?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');

    expect(policy).toContain(`default-src 'none'; script-src 'self'; style-src 'sha256-${hash}';`);
    expect(policy).toContain("connect-src 'self' http://127.0.0.1:8080;");
    expect(policy).not.toMatch(/unsafe|\*/);
  });

  it('sends a file again only where it has changed, and packed to who takes that', async () => {
    const file = '/console/look/look.css';
    const first = asked(file, { 'accept-encoding': 'gzip' });
    const etag = first?.headers.get('etag') ?? '';

    expect(first?.headers.get('content-encoding')).toBe('gzip');
    expect(asked(file)?.headers.get('content-encoding')).toBeNull();
    expect(asked(file, { 'if-none-match': etag })?.status).toBe(304);
  });

  it.each([
    '/console/../package.json',
    '/console/tsconfig.json',
    '/console/',
    '/console/__proto__',
  ])('has nothing at %s', (path) => {
    expect(asked(path)).toBeUndefined();
  });

  it('takes the types off its modules without a word on the terminal', () => {
    const said: unknown[] = [];
    const hear = (warning: unknown) => said.push(warning);
    process.on('warning', hear);

    const code = consoleFiles().file('app/api.ts')?.bytes.toString() ?? '';

    process.off('warning', hear);
    expect(code).not.toContain('import type');
    expect(said).toEqual([]);
  });

  it('weighs less than 150 kB on the wire, with all that its page loads', () => {
    const files = consoleFiles();
    const paths = [...files.modules('app/main.ts'), 'look/look.css', 'app/app.css'];
    const sizes = paths.map((path) => files.file(path)?.gzip.length ?? 0);

    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(150_000);
  });
});

describe('the source of the console', () => {
  it('never reads a text as markup or as code', () => {
    const found = sources().filter(({ text }) =>
      /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function/.test(
        text,
      ),
    );

    expect(found.map(({ name }) => name)).toEqual([]);
  });

  it('imports no code from outside its folder but packages that browsers run as they are', () => {
    const wrong = sources().flatMap(({ name, text }) =>
      [...text.matchAll(/^import (?!type\b)[^;]*? from '([^']+)';/gms)]
        .map(([, from = '']) => from)
        .filter((from) => /\.\.\/src|^node:|^#/.test(from))
        .map((from) => `${name}: ${from}`),
    );

    expect(wrong).toEqual([]);
  });
});
