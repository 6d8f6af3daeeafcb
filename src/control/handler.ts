import { Failure, type FailureName, failureName } from '#domain/failure.ts';
import { jsonResponse } from './json-response.ts';
import type { Control, Operation, Operations, Text } from './operation.ts';
import { readTexts } from './query.ts';
import { type After, eventsText, linesText } from './streams.ts';

/** Answers a request of the control API. Never rejects: a failure is an answer too. */
export type Handler = (request: Request) => Promise<Response>;

/**
 * Decides who may send a request. It is called before any of the request is read, with the operation that the request names, undefined when it names none;
 * it throws a `Failure`, or answers in place of the operation, to refuse the request.
 */
export type Guard = (request: Request, operation: Operation | undefined) => Response | undefined;

/** An operation as the handler calls it, with an input that was read by the table's schemas. */
type Run = (input: object, signal: AbortSignal) => Promise<unknown>;

type Options<Table extends Operations> = {
  readonly table: Table;
  readonly operations: Control<Table>;
  readonly guard: Guard;
  readonly after: After;
  /** Statuses of failures that mean something else here. */
  readonly statuses?: Statuses;
};

type Statuses = Partial<Record<FailureName, number>>;

const STATUS: Statuses = {
  ArtifactRejected: 422,
  InputInvalid: 400,
  PhaseConflict: 409,
  PlatformThrottled: 429,
  PlatformUnavailable: 503,
  StorageFull: 507,
};

/**
 * The server of a control API, over the operations of a table: a standard `Request` in, a standard `Response` out, so that any server or function can mount it.
 * Each GET answers HEAD too. An answer's stream ends with the request's signal, or when its reader cancels it.
 */
export function controlHandler<Table extends Operations>({
  table,
  operations,
  guard,
  after,
  statuses = {},
}: Options<Table>): Handler {
  const runs = new Map<string, Run>(Object.entries(operations));
  const routes = Object.entries(table).map(([name, operation]) =>
    routeOf(operation, runs.get(name)),
  );

  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = routes.find((each) => each.method === method && each.pattern.test(pathname));
    const refused = guard(request, route?.operation);
    if (refused) return refused;
    if (!route) return noSuch(table);
    const gone = new AbortController();
    const signal = AbortSignal.any([request.signal, gone.signal]);
    const value = await route.run(inputOf(route, request), signal);
    return responseOf(route.operation, value, { after, gone });
  }

  return async (request) => {
    const response = await answer(request).catch((error: unknown) =>
      refusal(error, { ...STATUS, ...statuses }),
    );
    if (request.method !== 'HEAD') return response;
    await response.body?.cancel();
    return new Response(null, response);
  };
}

type Route = {
  readonly operation: Operation;
  readonly method: string;
  readonly pattern: RegExp;
  readonly run: Run;
};

function routeOf(operation: Operation, run: Run | undefined): Route {
  const { method, path } = operation;
  if (!run) throw new TypeError(`nothing does ${method} ${path}`);
  const pattern = path.replaceAll(/\{(\w+)\}/g, (_, parameter) =>
    parameter === 'key' ? '(?<key>.*)' : `(?<${parameter}>[^/]+)`,
  );
  return { operation, method, pattern: new RegExp(`^${pattern}$`), run };
}

function noSuch(table: Operations): Response {
  return jsonResponse({ error: 'no such resource', see: resourcesOf(table) }, { status: 404 });
}

function resourcesOf(table: Operations): readonly string[] {
  const all = Object.values(table).map(({ method, path }) =>
    method === 'GET' ? path : `${method} ${path}`,
  );
  return all.filter((resource) => !resource.includes('/models/')).toSorted();
}

function inputOf({ operation, pattern }: Route, request: Request): object {
  const { params, query, cursor, takesBytes } = operation;
  if (!takesBytes && hasBody(request)) throw bodyRefused();
  const { pathname, searchParams } = new URL(request.url);
  const { groups = {} } = pattern.exec(pathname) ?? {};
  return {
    ...readTexts(params, (name) => [decoded(groups[name] ?? '', pathname)]),
    ...readTexts(query, (name) => searchParams.getAll(name)),
    ...(cursor && { after: request.headers.get(cursor.header) ?? '' }),
    ...(takesBytes && sentIn(request)),
  };
}

function decoded(text: string, path: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new Failure('InputInvalid', `'${path}' is not a valid url component`, {
      cause,
      fix: 'Encode it as UTF-8, each byte as % and two hexadecimal digits; a % itself is %25.',
    });
  }
}

function hasBody({ body, headers }: Request): boolean {
  return (
    body !== null ||
    headers.has('transfer-encoding') ||
    Number(headers.get('content-length') ?? 0) > 0
  );
}

/** Rejects a body instead of ignoring it, since the caller would believe that it took effect. */
function bodyRefused(): Failure {
  return new Failure('InputInvalid', 'the request has a body, but this route takes none', {
    fix: 'Use the query instead: ?to=2.',
  });
}

function sentIn({ body, headers }: Request) {
  const declared = headers.get('content-length');
  return { bytes: body, sizeBytes: declared === null ? undefined : Number(declared) };
}

type Streaming = { readonly after: After; readonly gone: AbortController };

function responseOf(
  { answer, otherwise }: Operation,
  value: unknown,
  { after, gone }: Streaming,
): Response {
  switch (answer.kind) {
    case 'json':
      return jsonResponse(value, {
        status: otherwise?.schema.safeParse(value).success ? otherwise.status : 200,
      });
    case 'text':
      return plain(value);
    case 'lines':
      return stream('application/x-ndjson', linesText(itemsOf(value), after), gone);
    case 'events':
      return stream('text/event-stream', eventsText(itemsOf(value), after), gone);
  }
}

function plain(value: unknown): Response {
  if (!isText(value)) throw new TypeError('the operation answers no text');
  return new Response(value.text, { headers: { 'content-type': value.type } });
}

function isText(value: unknown): value is Text {
  return typeof value === 'object' && value !== null && 'type' in value && 'text' in value;
}

function itemsOf(value: unknown): AsyncGenerator<unknown, void> {
  if (isItems(value)) return value;
  throw new TypeError('the operation answers no stream');
}

function isItems(value: unknown): value is AsyncGenerator<unknown, void> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Reads on only as fast as its reader does. */
function stream(
  type: string,
  texts: AsyncGenerator<string, void>,
  gone: AbortController,
): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await texts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        gone.abort();
        await texts.return();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-store' } });
}

function refusal(error: unknown, statuses: Statuses): Response {
  const name = failureName(error);
  if (error instanceof Failure && name) {
    const status = error.isAbsent ? 404 : (statuses[name] ?? 500);
    return jsonResponse({ error: error.message, fix: error.fix }, { status });
  }
  const message = error instanceof Error ? error.message : String(error);
  return jsonResponse({ error: message }, { status: 500 });
}
