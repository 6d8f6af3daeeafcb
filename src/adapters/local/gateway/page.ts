import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOwnAddress, type Place, prefixOf } from './place.ts';
import { NOSNIFF } from './shared-origin.ts';

const OWN = '/_page/';

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

// The only server is the page's own, and the paths are in no groups.
const PLAIN = '.scheme-container, .opblock-tag { display: none }';

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
  if (!place) return sendPart(request, response);
  if (!isOwnAddress(place) || !wantsPage(request)) return false;
  sendPage(response, place);
  return true;
}

export function wantsPage({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/html') ?? false;
}

function sendPage(response: ServerResponse, place: Place): void {
  const document = `${prefixOf(place)}/openapi.json`;
  send(
    response.appendHeader('vary', 'accept'),
    'text/html; charset=utf-8',
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${place.name}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${OWN}swagger-ui.css">
<style>${PLAIN}</style>
<div id="page" data-document="${document}"></div>
<script src="${OWN}swagger-ui-bundle.js"></script>
<script src="${OWN}page.js"></script>
</html>
`,
  );
}

function sendPart({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
  if (!url.startsWith(OWN)) return false;
  const name = url.slice(OWN.length);
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
