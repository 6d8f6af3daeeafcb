import { refusal } from '../refusal.ts';
import type { Session } from '../session/session.ts';
import { findExample } from './example.ts';
import { type Model, metadataOf } from './infer-protocol.ts';
import { type Document, nestedExample, openApiOf } from './openapi.ts';

type Header = (name: string) => string | undefined;

// Of more a command line is no longer read.
const LONGEST_CURL = 500;

type Made = { readonly document: Document; readonly example: unknown };

/** What the server says of its model, made when it is first asked for: the example is one that the model has just answered. */
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
  const example = await findExample(model);
  return { document: openApiOf(model, example), example: example && nestedExample(example) };
}

/** What stands at the model's own address: what it is, its paths, and a command that calls it, null where no request is known that it answers. */
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

/** Where the client reaches this server, by what the proxy before it says, else by the request itself; behind API Gateway it needs a key. */
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

/** As AWS's web adapter hands it on: its `path` ends in the one that is asked here. */
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

// They come from the client where no proxy says better, and go into a command.
function hostIn(text: string): string {
  return /^[\w.:[\]-]{1,255}$/.test(text) ? text : 'HOST';
}

function pathIn(text: string): string {
  return /^(\/[\w.-]+)*$/.test(text) ? text : '';
}
