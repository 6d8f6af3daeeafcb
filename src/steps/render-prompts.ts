import type { ComparedRequest } from '#domain/comparison/asked-pair.ts';
import {
  type PromptEvidence,
  renderRequest,
  tokensIn,
} from '#domain/comparison/rendered-prompts.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';

type Ask = (request: GoldenRequest) => Promise<GoldenAnswer>;

/** More prompts show no more of a template. */
const MOST_PROMPTS = 20;

type Both = {
  readonly requests: readonly ComparedRequest[];
  readonly live: Ask;
  readonly candidate: Ask;
};

/** Asks both versions which tokens they read of the first kept prompts, without generating. It stops once it is late, and at a first one that a server does not render; undefined where that is the first of all. */
export async function renderedByBoth(
  both: Both,
  isLate: () => boolean,
): Promise<PromptEvidence | undefined> {
  let [asked, otherwise] = [0, 0];
  for (const { request, isDrawn } of both.requests) {
    const prompt = isDrawn ? undefined : renderRequest(request);
    if (!prompt) continue;
    const before = tokensIn(await both.live(prompt));
    const after = before && tokensIn(await both.candidate(prompt));
    if (!after) break;
    asked += 1;
    if (before.join() !== after.join()) otherwise += 1;
    if (asked === MOST_PROMPTS || isLate()) break;
  }
  return asked > 0 ? { asked, otherwise } : undefined;
}
