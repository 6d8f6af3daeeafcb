import { isImages } from '../images/model.ts';
import { imageDocument } from '../images/openapi.ts';
import { isLanguage } from '../language/model.ts';
import { languageDocument } from '../language/openapi.ts';
import { refusal } from '../refusal.ts';
import type { Session } from '../session/session.ts';
import { worded } from '../worded.ts';
import { apiContext, type Header } from './api-gateway.ts';
import { findExample, givenExample } from './example.ts';
import { type Model, metadataOf } from './infer-protocol.ts';
import { type Document, grouped, nestedExample, openApiOf } from './openapi.ts';

// Nobody reads a longer command line.
const LONGEST_CURL = 500;

type Made = { readonly document: Document; readonly example: unknown };

/** The server's description of its model, made on first use: the example is the one that it was given, or a request that the model has just answered. */
export function describeItself(model: () => Model & Session, given: unknown) {
  let made: Promise<Made> | undefined;
  const own = () => {
    const ready = model();
    made ??= describe(ready, given);
    return made;
  };
  return {
    openApi: async () => grouped((await own()).document),
    about: async (header: Header) => aboutOf(model(), await own(), header),
    example: async () => {
      const { example } = await own();
      if (example === undefined) throw refusal(404, worded('noKnownRequest'));
      return example;
    },
  };
}

async function describe(model: Model & Session, given: unknown): Promise<Made> {
  if (isLanguage(model)) {
    const document = languageDocument(openApiOf(model, undefined), model.language);
    return { document, example: { inputs: model.language.task.example } };
  }
  if (isImages(model)) {
    const document = imageDocument(openApiOf(model, undefined), model.images);
    return { document, example: { inputs: model.images.task.example } };
  }
  const example = givenExample(given, model.signature) ?? (await findExample(model));
  return { document: openApiOf(model, example), example: example && nestedExample(example) };
}

/** The answer at the model's own address: its description, its paths, and a command that calls it, null when no request is known to work. */
function aboutOf(model: Model, { document, example }: Made, header: Header): object {
  const paths = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [
      `${method.toUpperCase()} ${path}`,
      summaryOf(operation),
    ]),
  );
  return {
    ...metadataOf(model),
    // The client of KServe's first protocol takes this for a live server.
    status: 'alive',
    paths: Object.fromEntries(paths),
    curl: example === undefined ? null : curlOf(JSON.stringify(example), header),
  };
}

function summaryOf(operation: unknown): unknown {
  return typeof operation === 'object' && operation !== null && 'summary' in operation
    ? operation.summary
    : '';
}

function curlOf(body: string, header: Header): string {
  const { origin, path, isKeyed } = addressOf(header);
  const key = isKeyed ? ' -H "authorization: Bearer $SLIPWAY_KEY"' : '';
  const post = `curl ${origin}${path}/invocations${key} -H 'content-type: application/json'`;
  if (body.length <= LONGEST_CURL) return `${post} -d '${body.replaceAll("'", "'\\''")}'`;
  return `curl -s ${origin}${path}/example.json${key} | ${post} -d @-`;
}

type Address = { readonly origin: string; readonly path: string; readonly isKeyed: boolean };

/** The address at which the client reaches this server, from the proxy's headers, else from the request itself; API Gateway also requires a key. */
function addressOf(header: Header): Address {
  const { domainName, path } = apiRequest(header);
  if (domainName && path) {
    // The model's own path, in whichever way `docs` below it was requested; a model may be named `docs` too.
    const own = path.replace(/(\/models\/[^/]+)\/(docs)?$/, '$1');
    return { origin: `https://${hostIn(domainName)}`, path: pathIn(own), isKeyed: true };
  }
  const host = hostIn(header('x-forwarded-host') ?? header('host') ?? '');
  const protocol = header('x-forwarded-proto') === 'https' ? 'https' : 'http';
  const prefix = pathIn(header('x-forwarded-prefix') ?? '');
  return { origin: `${protocol}://${host}`, path: prefix, isKeyed: false };
}

/** The domain and path of the request to API Gateway: from API Gateway's headers in a container, and from the request context that AWS's web adapter passes on. */
function apiRequest(header: Header): { readonly domainName?: string; readonly path?: string } {
  const [domainName, path] = [header('x-slipway-domain'), header('x-slipway-path')];
  if (domainName && path) return { domainName, path };
  const context = apiContext(header);
  return {
    domainName: String(context['domainName'] ?? ''),
    path: String(context['path'] ?? ''),
  };
}

// Unless a proxy overrides it, the host comes from the client, and it becomes part of a command.
function hostIn(text: string): string {
  return /^[\w.:[\]-]{1,255}$/.test(text) ? text : 'HOST';
}

function pathIn(text: string): string {
  return /^(\/[\w.-]+)*$/.test(text) ? text : '';
}
