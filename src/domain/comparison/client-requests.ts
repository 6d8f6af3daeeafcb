import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { boundedJson } from '#domain/rollout/answer-json.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import { classOf } from './answer-class.ts';
import type { ComparedRequest } from './asked-pair.ts';

// A model's own code can seal a line with any path, and Slipway is to ask this model alone.
const PATH = /^(\/(?!\.{1,2}(\/|$))[\w.~:@+-]+)+$/;

/** A type that a header can have. */
const TYPE = /^[\x20-\x7e]{1,200}$/;

/** Both servers take bodies of these for JSON: `curl -d` sends the first. */
const TAKEN_FOR_JSON =
  /^\s*(application\/(\S+\+)?json|application\/x-www-form-urlencoded|text\/(plain|json)|application\/octet-stream)\s*(;|$)/i;

/** The largest body that is asked again; more are larger than Lambda takes. */
const LARGEST_BYTES = 4_000_000;

/**
 * The request to ask both versions, of what a client once asked: JSON, or bytes of another type, such as a picture or CSV. Undefined for JSON that is too deep to be read at a bounded cost, and where its path could lead out of the model's own.
 * Its answer counts as that of the version before only where that one, `live`, gave it, and as one that clients got from the version that is `judged` where that one did.
 */
export function clientRequest(
  { at, version, caller, path, contentType, body, answer, ...said }: KeptRequest,
  {
    model,
    live,
    judged,
  }: { readonly model: string; readonly live: number; readonly judged?: number | null },
): ComparedRequest | undefined {
  if (body.length > LARGEST_BYTES || !PATH.test(path)) return undefined;
  const content = contentOf(contentType, body);
  if (!content) return undefined;
  const answered = version === live || version === judged ? boundedJson(text(answer)) : undefined;
  const answerClass = answered === undefined ? undefined : classOf(answered);
  const protocol = path === `/v2/models/${model}/infer` ? 'infer' : 'invocations';
  const isUsual = protocol === 'infer' || path === '/invocations';
  return {
    what: `a client's request of ${new Date(at).toISOString().slice(0, 16)}Z`,
    isDrawn: false,
    isSent: true,
    sentAtMs: at,
    ...(caller && { caller }),
    ...(answerClass !== undefined && { answerClass }),
    request: { protocol, ...content, ...(!isUsual && { path }) },
    text: JSON.stringify(content.body),
    ...(answered !== undefined && { [version === live ? 'answer' : 'given']: answered }),
    ...(said.truth !== undefined && { truth: said.truth }),
    ...(said.saidAtMs !== undefined && { truthAtMs: said.saidAtMs }),
  };
}

function contentOf(
  contentType: string,
  body: Uint8Array,
): Pick<GoldenRequest, 'body' | 'contentType'> | undefined {
  const isJson = contentType === '' || TAKEN_FOR_JSON.test(contentType);
  const content = isJson ? boundedJson(text(body)) : undefined;
  if (content !== undefined) return { body: content };
  // A picture needs no type that says so.
  const type = contentType === '' ? 'application/octet-stream' : contentType;
  const isBytes = !/json\s*(;|$)/i.test(type) && TYPE.test(type);
  return isBytes ? { body: base64(body), contentType: type } : undefined;
}

/** A call takes so many arguments everywhere. */
const MOST_LETTERS = 8192;

function base64(bytes: Uint8Array): string {
  let letters = '';
  for (let at = 0; at < bytes.length; at += MOST_LETTERS) {
    letters += String.fromCharCode(...bytes.subarray(at, at + MOST_LETTERS));
  }
  return btoa(letters);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
