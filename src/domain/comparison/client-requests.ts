import type { KeptRequest } from '#domain/capture/kept-request.ts';
import { boundedJson } from '#domain/rollout/answer-json.ts';
import { classOf } from './answer-class.ts';
import type { ComparedRequest } from './asked-pair.ts';

// A model's own code can seal a line with any path, and Slipway is to ask this model alone.
const PATH = /^(\/(?!\.{1,2}(\/|$))[\w.~:@+-]+)+$/;

/** The largest body that is asked again; more are larger than Lambda takes. */
const LARGEST_BYTES = 4_000_000;

/**
 * The request to ask both versions, of what a client once asked; undefined where it is not JSON, or too deep to be read at a bounded cost, and where its path could lead out of the model's own.
 * Its answer counts as that of the version before only where that one, `live`, gave it.
 */
export function clientRequest(
  { at, version, caller, path, contentType, body, answer, ...said }: KeptRequest,
  { model, live }: { readonly model: string; readonly live: number },
): ComparedRequest | undefined {
  if (!/^application\/(\S+\+)?json\b/i.test(contentType) || body.length > LARGEST_BYTES) {
    return undefined;
  }
  if (!PATH.test(path)) return undefined;
  const content = boundedJson(text(body));
  const answered = version === live ? boundedJson(text(answer)) : undefined;
  if (content === undefined) return undefined;
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
    request: { protocol, body: content, ...(!isUsual && { path }) },
    text: JSON.stringify(content),
    ...(answered !== undefined && { answer: answered }),
    ...(said.truth !== undefined && { truth: said.truth }),
    ...(said.saidAtMs !== undefined && { truthAtMs: said.saidAtMs }),
  };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
