import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type ConsoleFile, type ConsoleFiles, consoleFiles } from './console-files.ts';

/** Answers a request for a page or a file of the console; undefined for any other. */
export type ConsoleSite = (request: Request) => Response | undefined;

type Options = {
  /** The origins, besides its own, that the console may ask: those of the models' endpoints. */
  readonly connects: readonly string[];
  /** Where its Slipway runs: in an account the caller's own credentials do all that the console asks, and a team signs in. */
  readonly place: 'machine' | 'account' | 'team';
};

const FOLDER = '/console/';
const ENTRY = 'app/main.ts';
const STYLES = ['look/look.css', 'try/try.css', 'app/app.css'];

type Parts = {
  readonly modules: readonly string[];
  readonly style: string;
  readonly place: Options['place'];
};

/**
 * The console as a site: its page at `/` for browsers, and its files below `/console/`, with relative addresses alone, so that a proxy may publish it below any path.
 * Its files hold no secret and no data: everyone gets them, and the console asks the control API with the token that it was opened with.
 */
export function consoleSite({ connects, place }: Options): ConsoleSite {
  let files: ConsoleFiles | undefined;
  const headers = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    // A browser asks each time whether its copy is still the one of the Slipway that runs.
    'cache-control': 'no-cache',
  };

  return (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
    const { pathname } = new URL(request.url);
    const isPage = pathname === '/' && wantsPage(request);
    if (!isPage && !pathname.startsWith(FOLDER)) return undefined;
    files ??= consoleFiles();
    if (isPage) {
      const style = STYLES.map((path) => files?.file(path)?.bytes.toString() ?? '').join('\n');
      const text = page({ modules: files.modules(ENTRY), style, place });
      return sent(
        request,
        { text: Buffer.from(text), gzip: () => gzipSync(text) },
        {
          ...headers,
          'content-security-policy': policy(connects, style),
          'content-type': 'text/html; charset=utf-8',
          vary: 'accept, accept-encoding',
        },
      );
    }
    const file = files.file(pathname.slice(FOLDER.length));
    return file && answer(file, request, headers);
  };
}

function answer(file: ConsoleFile, request: Request, common: Record<string, string>) {
  const headers = {
    ...common,
    'content-type': file.type,
    etag: file.etag,
    vary: 'accept-encoding',
  };
  if (request.headers.get('if-none-match') === file.etag)
    return new Response(null, { status: 304, headers });
  return sent(request, { text: file.bytes, gzip: () => file.gzip }, headers);
}

type Content = { readonly text: Buffer; readonly gzip: () => Buffer };

function sent(request: Request, { text, gzip }: Content, headers: Record<string, string>) {
  if (!/\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')) {
    return new Response(new Uint8Array(text), { headers });
  }
  return new Response(new Uint8Array(gzip()), {
    headers: { ...headers, 'content-encoding': 'gzip' },
  });
}

function wantsPage({ headers }: Request): boolean {
  return headers.get('accept')?.includes('text/html') ?? false;
}

/** Nothing runs but the console's own files; no text is ever read as markup. */
function policy(connects: readonly string[], style: string): string {
  const hash = createHash('sha256').update(style).digest('base64');
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'sha256-${hash}'`,
    "img-src 'self' data: blob:",
    'media-src blob:',
    `connect-src ${["'self'", ...connects].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

/**
 * The page paints its frame with its first bytes: the styles stand in it, and nothing that it loads stops it.
 * All modules are named at once: a browser would else ask for each only once it has read the one that imports it.
 */
function page({ modules, style, place }: Parts): string {
  const preloads = modules.map((path) => `<link rel="modulepreload" href="console/${path}">`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Slipway</title>
<link rel="icon" href="console/look/icon.svg" type="image/svg+xml">
<style>${style}</style>
<div id="app" data-place="${place}"><header class="top"><div class="inside"><a class="brand" href="#/"><img src="console/look/icon.svg" alt="" width="24" height="24">Slipway</a><nav aria-label="Pages"><a href="#/">Models</a><a href="#/events">Events</a></nav></div></header></div>
<noscript>The console needs JavaScript; \`slipway status\` says in a terminal what it shows.</noscript>
<script type="module" src="console/${ENTRY}"></script>
${preloads.join('\n')}
</html>
`;
}
