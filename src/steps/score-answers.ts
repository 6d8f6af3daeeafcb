import { contentOf } from '#domain/comparison/answer-content.ts';
import {
  type AnswerScore,
  bareRequest,
  endsElsewhere,
  type PairScores,
  scoreIn,
  scoreRequest,
} from '#domain/comparison/answer-scores.ts';
import type { AskedPair } from '#domain/comparison/asked-pair.ts';
import { isAlike } from '#domain/comparison/less-likely.ts';
import { ENOUGH_BARE, isMuchOtherwise } from '#domain/comparison/other-template.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';

type Ask = (request: GoldenRequest) => Promise<GoldenAnswer>;
type Answered = Pick<AskedPair, 'request' | 'before' | 'after'>;

/** So many answers are scored by the version before once more, to learn how much that differs by chance. */
const SCORED_TWICE = 3;

/** Asks both versions how likely they find the answer of the one before. It stops at a first answer that one of the servers does not score, as a server that an older Slipway started. */
export function answerScorer(both: { readonly live: Ask; readonly candidate: Ask }) {
  const live = scoring(both.live);
  const candidate = scoring(both.candidate);
  let [isAsked, scored, bare] = [true, 0, 0];

  /** The scores without a chat template, of the first answers that are another to the new version with it. */
  const bareScores = async (kept: GoldenRequest, pair: Pick<PairScores, 'before' | 'after'>) => {
    const request = bare < ENOUGH_BARE && isMuchOtherwise(pair) ? bareRequest(kept) : undefined;
    const before = request && (await live(request));
    const after = before && request && (await candidate(request));
    if (!after) return undefined;
    bare += 1;
    return { before, after };
  };

  return async (answered: Answered): Promise<PairScores | undefined> => {
    const asked = isAsked ? requestsFor(answered) : undefined;
    if (!asked) return undefined;
    const before = await live(asked.kept);
    const after = before && (await candidate(asked.kept));
    if (!after) {
      isAsked = scored > 0;
      return undefined;
    }
    scored += 1;
    const again = scored <= SCORED_TWICE ? await live(asked.kept) : undefined;
    const own = asked.isSameText ? before : asked.own && (await live(asked.own));
    // It decides only where the version before finds the new one's words less likely than its own.
    const isDoubtful = own !== undefined && !isAlike({ before, after, own }, 0);
    const ownAfter = isDoubtful && asked.own && (await candidate(asked.own));
    const alone = await bareScores(asked.kept, { before, after });
    return {
      before,
      after,
      ...(again && { again }),
      ...(own && { own }),
      ...(ownAfter && { ownAfter }),
      ...(alone && { bare: alone }),
    };
  };
}

function scoring(ask: Ask) {
  return async (request: GoldenRequest): Promise<AnswerScore | undefined> =>
    scoreIn(await ask(request));
}

/** The requests that score the answer of the version before, and the new one's `own`, which has none where both have the same words up to the end of one. */
function requestsFor({ request, before, after }: Answered) {
  const [theirs, own] = [contentOf(before), contentOf(after)];
  if (!theirs || !own) return undefined;
  const [kept, reply] = [scoreRequest(request, theirs.said), scoreRequest(request, own.said)];
  if (!kept) return undefined;
  const isEndedElsewhere = endsElsewhere(theirs.said, own.said);
  return {
    kept,
    own: isEndedElsewhere ? undefined : reply,
    isSameText: !isEndedElsewhere && JSON.stringify(reply) === JSON.stringify(kept),
  };
}
