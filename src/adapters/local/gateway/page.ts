import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOwnAddress, type Place } from './place.ts';
import { NOSNIFF } from './shared-origin.ts';

// Below each model: a proxy that publishes one model alone passes on nothing else.
const PARTS = '/_page/';

// Swagger UI in Fastify's package: a quarter of the size of its own package, without the script that reports installations.
const PACKED: Readonly<Record<string, string>> = {
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'swagger-ui.css': 'text/css; charset=utf-8',
};

const SCRIPT = `const page = document.getElementById('page');
SwaggerUIBundle({
  url: new URL(page.dataset.document, location.href).href,
  domNode: page,
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  tryItOutEnabled: true,
  defaultModelsExpandDepth: -1,
});
`;

// The only server is the page's own, and the heading of paths in no group says nothing. Swagger UI's own rules for a class would win over one.
const PLAIN = '.scheme-container, #operations-tag-default { display: none }';

const HEADERS = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
  ...NOSNIFF,
} as const;

/**
 * Answers a browser's GET of a model's own address, or of its `docs`, with a page that can call the model, and serves the page's assets; false for any other request.
 * Other clients get the same information as JSON from the model's server.
 */
export function answerPage(
  request: IncomingMessage,
  response: ServerResponse,
  place: Place | undefined,
): boolean {
  if (!place) return false;
  if (place.rest.startsWith(PARTS)) return sendPart(place.rest.slice(PARTS.length), response);
  if (!isOwnAddress(place) || !wantsPage(request)) return false;
  sendPage(response, place, request.url ?? '');
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

function sendPage(response: ServerResponse, place: Place, url: string): void {
  const own = ownAddress(place, url);
  send(
    response.appendHeader('vary', 'accept'),
    'text/html; charset=utf-8',
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${place.name}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${own}_page/swagger-ui.css">
<style>${PLAIN}</style>
<div id="page" data-document="${own}openapi.json"></div>
<script src="${own}_page/swagger-ui-bundle.js"></script>
<script src="${own}_page/page.js"></script>
</html>
`,
  );
}

function sendPart(name: string, response: ServerResponse): boolean {
  if (name === 'page.js') {
    send(response, 'text/javascript; charset=utf-8', SCRIPT);
    return true;
  }
  const type = Object.hasOwn(PACKED, name) ? PACKED[name] : undefined;
  if (type === undefined) return false;
  readFile(new URL(import.meta.resolve(`@fastify/swagger-ui/static/${name}`))).then(
    (bytes) => send(response, type, bytes),
    (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
  );
  return true;
}

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, {
    ...HEADERS,
    'content-type': type,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}
