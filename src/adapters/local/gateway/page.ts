import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConsoleFile, ConsoleFiles } from '#adapters/console-files.ts';
import { isOwnAddress, type Place } from './place.ts';
import type { RoutingTable } from './routing-table.ts';
import { NOSNIFF } from './shared-origin.ts';

// Below each model: a proxy that publishes one model alone passes on nothing else.
const PARTS = '_page/';

const SCRIPT = 'try/page.ts';
const STYLES = ['look/look.css', 'try/try.css'];
const ICON = 'look/icon.svg';

// A picture or a sound that was dropped on the page has an address of the kind `blob:`.
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  ...NOSNIFF,
} as const;

/**
 * Answers a browser's GET of a model's own address, or of its `docs`, with a page that can call the model, and serves the page's files; false for any other request.
 * Other clients get the same information as JSON from the model's server.
 */
export function answerPage(
  request: IncomingMessage,
  response: ServerResponse,
  place: Place | undefined,
  { table, files }: { readonly table: RoutingTable; readonly files: ConsoleFiles },
): boolean {
  if (!place) return false;
  const part = place.rest.startsWith(`/${PARTS}`) ? place.rest.slice(PARTS.length + 1) : undefined;
  if (part !== undefined) {
    const file = files.file(part);
    if (file) sendFile(request, response, file);
    return file !== undefined;
  }
  if (!isOwnAddress(place) || !wantsPage(request) || !files.file(SCRIPT)) return false;
  sendPage(response, pageOf(place, request.url ?? '', { table, files }));
  return true;
}

export function wantsPage({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') ?? false;
}

/**
 * The model's own address, relative to the page's: a proxy in front may have its clients see it below any prefix, and needs not say so.
 * A browser takes what is relative from the last slash of the path on.
 */
function ownAddress({ name, rest }: Place, url: string): string {
  if (rest.startsWith('/docs/')) return '../';
  const hasSlash = url.split('?')[0]?.endsWith('/');
  return hasSlash || rest.startsWith('/docs') ? './' : `${name}/`;
}

// The names of models and revisions have only lower-case letters, digits and hyphens.
function pageOf(
  place: Place,
  url: string,
  { table, files }: { readonly table: RoutingTable; readonly files: ConsoleFiles },
): string {
  const parts = ownAddress(place, url) + PARTS;
  const shares = place.kind === 'model' ? table.get(place.name)?.shares : undefined;
  const revisions = Object.keys(shares ?? {});
  const beside = revisions.length > 1 ? ` data-revisions="${revisions.join(' ')}"` : '';
  const styles = STYLES.map((path) => `<link rel="stylesheet" href="${parts}${path}">`);
  const modules = files
    .modules(SCRIPT)
    .map((path) => `<link rel="modulepreload" href="${parts}${path}">`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${place.name}</title>
<link rel="icon" href="${parts}${ICON}">
${[...styles, ...modules].join('\n')}
<div id="try" data-name="${place.name}"${beside}></div>
<script type="module" src="${parts}${SCRIPT}"></script>
</html>
`;
}

function sendPage(response: ServerResponse, html: string): void {
  response.appendHeader('vary', 'accept').writeHead(200, {
    ...HEADERS,
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
  });
  response.end(html);
}

/** Another Slipway may have other files by the same names, so a browser always asks whether they are the same. */
function sendFile(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { type, bytes, gzip, etag }: ConsoleFile,
): void {
  const always = { ...NOSNIFF, etag, 'cache-control': 'no-cache', vary: 'accept-encoding' };
  if (headers['if-none-match'] === etag) {
    response.writeHead(304, always).end();
    return;
  }
  const isPacked = /\bgzip\b/.test(headers['accept-encoding']?.toString() ?? '');
  const body = isPacked ? gzip : bytes;
  response.writeHead(200, {
    ...always,
    'content-type': type,
    'content-length': body.length,
    ...(isPacked && { 'content-encoding': 'gzip' }),
  });
  response.end(body);
}
