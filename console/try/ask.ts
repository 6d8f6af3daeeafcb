import { parsed } from '../look/json.ts';
import { fieldsOf, type Model, readModel } from './model.ts';
import type { Request } from './request.ts';
import { typeOf } from './samples.ts';
import { errorIn, eventsIn, pieceOf } from './stream.ts';

/** Where a model is, and the key that its requests carry; empty where none is needed. */
export type ModelAddress = { readonly own: string; readonly key: string };

/** An answer of a model, or why there is none. `revision` and `warning` are empty where nobody says any. */
export type Reply = {
  readonly status: number;
  readonly revision: string;
  readonly warning: string;
  readonly elapsedMs: number;
  readonly json: unknown;
  readonly text: string;
  readonly error: string;
};

/** A request and the bytes of its file, if it has one. */
export type Draft = { readonly request: Request; readonly file?: Blob };

/** The model's server wants a key that it was not given. */
export class KeyWanted extends Error {}

/** Reads what the model's server says of it. Rejects with `KeyWanted`, or with the server's own words. */
export async function askModel(way: ModelAddress, name: string): Promise<Model> {
  const about = await read(way, '/');
  if (about.status === 401 || about.status === 403) throw new KeyWanted(about.error);
  if (about.status >= 400) throw new Error(`${about.status} ${about.error}`);
  const [document, example] = await Promise.all([
    read(way, '/openapi.json'),
    read(way, '/example.json'),
  ]);
  const found = ({ status, json }: Reply) => (status === 200 ? json : undefined);
  return readModel(name, about.json, found(document), found(example));
}

/** The names of the other models beside this one; none where nobody lists them. */
export async function otherModels(way: ModelAddress, name: string): Promise<readonly string[]> {
  const list = await read({ ...way, own: way.own.replace(/\/[^/]+$/, '') }, '').catch(
    () => undefined,
  );
  const { models } = fieldsOf(list?.json);
  if (!Array.isArray(models)) return [];
  return models.map((each) => String(fieldsOf(each)['name'])).filter((each) => each !== name);
}

async function read(way: ModelAddress, path: string): Promise<Reply> {
  const response = await fetch(way.own + path, { ...credentials(way), cache: 'no-store' });
  return replyOf(response, await response.text(), performance.now());
}

/** Sends a request; `more` gets the text of a stream as it grows. A model's refusal is a reply, a lost connection rejects. */
export async function send(
  way: ModelAddress,
  { request, file }: Draft,
  { signal, more }: { readonly signal: AbortSignal; readonly more: (text: string) => void },
): Promise<Reply> {
  const sinceMs = performance.now();
  const { headers, ...rest } = credentials(way);
  const { body } = request;
  const response = await fetch(way.own + request.path, {
    ...rest,
    method: 'POST',
    signal,
    headers: { ...headers, 'content-type': typeOf(body) },
    body:
      file ??
      (body.kind === 'text' ? body.text : JSON.stringify(body.kind === 'json' ? body.value : null)),
  });
  if (!response.headers.get('content-type')?.includes('text/event-stream'))
    return replyOf(response, await response.text(), sinceMs);
  const { text, error } = await streamed(response, more);
  return { ...replyOf(response, '', sinceMs), text, error };
}

async function streamed(response: Response, more: (text: string) => void) {
  let said = '';
  let wrong = '';
  let rest = '';
  if (!response.body) return { text: said, error: wrong };
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { text: said, error: wrong };
    const events = eventsIn(rest + value);
    rest = events.rest;
    for (const piece of events.data.map(pieceOf)) {
      said += piece.text;
      wrong ||= piece.error;
    }
    more(said);
  }
}

/** A request with a key of its own must not have the browser ask for another, nor send one that it has stored. */
function credentials({ key }: ModelAddress) {
  const accept = { accept: 'application/json' };
  if (key === '') return { headers: accept, credentials: 'same-origin' } as const;
  return { headers: { ...accept, authorization: `Bearer ${key}` }, credentials: 'omit' } as const;
}

function replyOf(response: Response, text: string, sinceMs: number): Reply {
  const json = parsed(text);
  return {
    status: response.status,
    revision: response.headers.get('x-slipway-revision') ?? '',
    warning: response.headers.get('x-slipway-warning') ?? '',
    elapsedMs: performance.now() - sinceMs,
    json,
    text,
    error: response.ok
      ? ''
      : saidIn(json, text) || response.statusText || `status ${response.status}`,
  };
}

/** The model's own words, whatever it wraps them in; API Gateway says `message`, FastAPI `detail`. */
function saidIn(json: unknown, text: string): string {
  const { error, message, detail, fix } = fieldsOf(json);
  const said = errorIn(error ?? message ?? detail);
  if (said === '') return text;
  return typeof fix === 'string' ? `${said}\n${fix}` : said;
}
