import { languageDocument } from '../language/openapi.ts';
import { isLanguage } from '../language/routes.ts';
import { refusal } from '../refusal.ts';
import type { Session } from '../session/session.ts';
import { findExample } from './example.ts';
import { type Model, metadataOf } from './infer-protocol.ts';
import { type Document, nestedExample, openApiOf } from './openapi.ts';

type Header = (name: string) => string | undefined;

// A longer command line is not read by anyone.
const LONGEST_CURL = 500;

type Made = { readonly document: Document; readonly example: unknown };

/** What the server says about its model, made on first use: the example is a request that the model has just answered. */
export function describeItself(model: () => Model & Session) {
  let made: Promise<Made> | undefined;
  const own = () => {
    const ready = model();
    made ??= describe(ready);
    return made;
  };
  return {
    openApi: async () => (await own()).document,
    about: async (header: Header) => aboutOf(model(), await own(), header),
    example: async () => {
      const { example } = await own();
      if (example === undefined) throw refusal(404, 'no request is known that the model answers');
      return example;
    },
  };
}

async function describe(model: Model & Session): Promise<Made> {
  if (isLanguage(model)) {
    const document = languageDocument(openApiOf(model, undefined), model.language);
    return { document, example: { inputs: model.language.task.example } };
  }
  const example = await findExample(model);
  return { document: openApiOf(model, example), example: example && nestedExample(example) };
}

/** The answer at the model's own address: what it is, its paths, and a command that calls it, null when no request is known to work. */
function aboutOf(model: Model, { document, example }: Made, header: Header): object {
  const paths = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [
      `${method.toUpperCase()} ${path}`,
      summaryOf(operation),
    ]),
  );
  return {
    ...metadataOf(model),
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
  const { base, isKeyed } = addressOf(header);
  const key = isKeyed ? ' -H "authorization: Bearer $SLIPWAY_KEY"' : '';
  const post = `curl ${base}/invocations${key} -H 'content-type: application/json'`;
  if (body.length <= LONGEST_CURL) return `${post} -d '${body.replaceAll("'", "'\\''")}'`;
  return `curl -s ${base}/example.json${key} | ${post} -d @-`;
}

/** The address at which the client reaches this server, from the proxy's headers, else from the request itself; API Gateway also requires a key. */
function addressOf(header: Header): { readonly base: string; readonly isKeyed: boolean } {
  const { domainName, path } = apiRequest(header('x-amzn-request-context'));
  if (domainName && path) {
    return { base: `https://${hostIn(domainName)}${pathIn(path)}`, isKeyed: true };
  }
  const host = hostIn(header('x-forwarded-host') ?? header('host') ?? '');
  const protocol = header('x-forwarded-proto') === 'https' ? 'https' : 'http';
  return {
    base: `${protocol}://${host}${pathIn(header('x-forwarded-prefix') ?? '')}`,
    isKeyed: false,
  };
}

/** The request context that AWS's web adapter passes on; its `path` ends in the requested path. */
function apiRequest(text = '{}'): { readonly domainName?: string; readonly path?: string } {
  try {
    const { domainName, path } = JSON.parse(text);
    return {
      domainName: String(domainName ?? ''),
      path: String(path ?? '').replace(/\/(docs)?$/, ''),
    };
  } catch {
    return {};
  }
}

// Unless a proxy overrides it, the host comes from the client, and it becomes part of a command.
function hostIn(text: string): string {
  return /^[\w.:[\]-]{1,255}$/.test(text) ? text : 'HOST';
}

function pathIn(text: string): string {
  return /^(\/[\w.-]+)*$/.test(text) ? text : '';
}
