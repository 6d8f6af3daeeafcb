import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FrontOf } from './forwarded.ts';
import { wantsPage } from './page.ts';
import type { RoutingTable } from './routing-table.ts';
import { NOSNIFF } from './shared-origin.ts';

const HOME = /^\/(models\/?)?(\?|$)/;

type Parts = {
  readonly table: RoutingTable;
  readonly console: string | undefined;
  readonly frontOf: FrontOf;
};

/** Answers a GET of the gateway's own address, or of `/models`, with the models that are live and their paths: a page for a browser, JSON for others; false for any other request. */
export function answerHome(
  request: IncomingMessage,
  response: ServerResponse,
  { table, console, frontOf }: Parts,
): boolean {
  if (!HOME.test(request.url ?? '')) return false;
  const { prefix } = frontOf(request);
  const names = [...table.keys()].sort();
  const models = names.map((name) => ({ name, path: `${prefix}/models/${name}` }));
  const isPage = wantsPage(request);
  const body = isPage
    ? pageOf(names, {
        folder: prefix === '' ? ownFolder(request) : `${prefix}/models/`,
        console: isThisMachine(request) ? console : undefined,
      })
    : JSON.stringify({ models });
  response.appendHeader('vary', 'accept').writeHead(200, {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(body),
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    ...NOSNIFF,
  });
  response.end(body);
  return true;
}

/** Where models are, relative to the page's own path: a proxy in front may have its clients see that below a prefix of which it says nothing. */
function ownFolder({ url = '' }: IncomingMessage): string {
  return /^\/models\//.test(url) ? './' : 'models/';
}

/** The console listens on this machine alone. */
function isThisMachine({ headers }: IncomingMessage): boolean {
  return /^(127\.0\.0\.1|\[::1\]|localhost)(:\d+)?$/i.test(headers.host ?? '');
}

type Home = { readonly folder: string; readonly console: string | undefined };

// A model's name has only lower-case letters, digits and hyphens.
function pageOf(names: readonly string[], { folder, console }: Home): string {
  const items = names.map((name) => `<li><a href="${folder}${name}">${name}</a></li>`);
  const list =
    items.length > 0 ? `<ul>\n${items.join('\n')}\n</ul>` : '<p>No model is live yet.</p>';
  const seen = console
    ? `<p>What happens to them is shown by the <a href="${console}/">console</a>; <code>slipway console</code> opens it.</p>`
    : '';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Models</title>
<link rel="icon" href="data:,">
<style>body { font: 16px/1.5 system-ui, sans-serif; margin: 3rem auto; max-width: 40rem; padding: 0 1rem }</style>
<h1>Models</h1>
${list}
${seen}
</html>
`;
}
