import type * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { unknownModel } from '#domain/unknown-model.ts';
import type { Control, Operation, Operations, Sent } from './operation.ts';
import { queryOf } from './query.ts';
import { readEvents, readLines } from './streams.ts';

/** A client's request: its path lies below the address of the control API, and it has only the headers of the operation. */
export type Asking = {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal | null;
  readonly body?: ReadableStream<Uint8Array>;
  readonly duplex?: 'half';
};

/** Sends a request and returns the response of one that succeeded. Fails with a `Failure` for any other. */
export type Ask = (path: string, asking: Asking) => Promise<Response>;

type Given = Readonly<Record<string, unknown>> & Partial<Sent>;

/**
 * The client of a control API, generated from the table of its operations.
 * It fails as `ask` does, and with `PlatformUnavailable` for an answer that does not match its version of the API.
 */
export function controlClient<Table extends Operations>(table: Table, ask: Ask): Control<Table> {
  const calls = Object.entries(table).map(([name, operation]) => [
    name,
    (input: Given = {}, signal?: AbortSignal) => called(operation, input, ask, signal ?? null),
  ]);
  return Object.fromEntries(calls);
}

async function called(
  operation: Operation,
  input: Given,
  ask: Ask,
  signal: AbortSignal | null,
): Promise<unknown> {
  const { method, answer, cursor, takesBytes } = operation;
  const { after = '', bytes, sizeBytes } = input;
  const closed = new AbortController();
  const response = await ask(pathOf(operation, input), {
    method,
    headers: {
      ...(cursor && after !== '' && { [cursor.header]: String(after) }),
      ...(takesBytes && { 'content-type': 'application/octet-stream' }),
      ...(takesBytes && sizeBytes !== undefined && { 'content-length': String(sizeBytes) }),
    },
    signal: signal ? AbortSignal.any([signal, closed.signal]) : closed.signal,
    ...(bytes && { body: bytes, duplex: 'half' }),
  });
  const body = response.body ?? new ReadableStream<Uint8Array>();
  switch (answer.kind) {
    case 'json':
      return parsed(operation, answer.schema, await response.json());
    case 'text':
      return { type: response.headers.get('content-type') ?? '', text: await response.text() };
    case 'lines':
      return untilClosed(readLines(body, answer.schema), closed);
    case 'events':
      return untilClosed(readEvents(body, String(after)), closed);
  }
}

function pathOf({ path, params, query }: Operation, input: Given): string {
  const filled = Object.keys(params?.shape ?? {}).reduce(
    (found, name) => found.replace(`{${name}}`, encoded(name, String(input[name]))),
    String(path),
  );
  return filled + queryOf(query, input);
}

// A URL leaves such segments out, however they are written, and so names another path.
const DOTS = ['.', '..'];

/** A key keeps its slashes. No object and no model has a name that a URL leaves out. */
function encoded(parameter: string, text: string): string {
  if (parameter === 'key') return text.split('/').map(segmentOf).join('/');
  if (parameter === 'name' && ['', ...DOTS].includes(text)) throw unknownModel(text, []);
  return encodeURIComponent(text);

  function segmentOf(segment: string): string {
    if (!DOTS.includes(segment)) return encodeURIComponent(segment);
    throw new Failure('InputInvalid', `the key ${JSON.stringify(text)} has a part \`${segment}\``, {
      fix: 'Name the object without it: no object of a bucket has such a key.',
    });
  }
}

function parsed({ otherwise }: Operation, schema: z.ZodMiniType, answer: unknown): unknown {
  const { data, error } = schema.safeParse(answer);
  if (!error) return data;
  const other = otherwise?.schema.safeParse(answer);
  if (other?.success) return other.data;
  const at = error.issues[0]?.path.join('.');
  throw new Failure(
    'PlatformUnavailable',
    `the Slipway that runs answers what this command line does not know${at ? ` (${at})` : ''}`,
    {
      cause: error,
      fix: 'They are of different versions: run the command line of the version that Slipway was started with, or start Slipway again with this one.',
    },
  );
}

/** Closes the connection when the reader stops. */
async function* untilClosed<Item>(
  items: AsyncGenerator<Item, void>,
  closed: AbortController,
): AsyncGenerator<Item, void> {
  try {
    yield* items;
  } finally {
    closed.abort();
  }
}
