import * as z from 'zod/mini';
import { parseJson } from '#domain/parse-json.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { promptOf } from './answer-scores.ts';

/** How many prompts were rendered by both versions, and how many of these are other tokens to the new one. */
export type PromptEvidence = { readonly asked: number; readonly otherwise: number };

/** The path of a model's server that only Slipway reaches. */
export const RENDER_PATH = '/slipway/render';

/** The request for the tokens that a language model reads of a request; undefined where there is no such request for it. */
export function renderRequest(request: GoldenRequest): GoldenRequest | undefined {
  const body = promptOf(request);
  return body && { protocol: request.protocol, path: RENDER_PATH, body };
}

const rendered = z.object({ tokens: z.array(z.int()) });

/** The tokens in the answer of a server; undefined where it says none. */
export function tokensIn(answer: GoldenAnswer): readonly number[] | undefined {
  if (answer.kind === 'none' || answer.status !== 200) return undefined;
  return rendered.safeParse(parseJson(answer.body)).data?.tokens;
}

/** The prompts that differ, as a clause; empty where there are none. */
export function otherPrompts(prompts: PromptEvidence | undefined): string {
  if (!prompts || prompts.otherwise === 0) return '';
  return `; it reads other tokens for ${prompts.otherwise} of ${prompts.asked} prompts`;
}
