import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { byPlace, contentOf, type LeafPair } from './answer-content.ts';
import type { AskedPair } from './asked-pair.ts';
import { mean } from './statistics.ts';
import { visibleText } from './visible-text.ts';

/**
 * A request whose answers differ. `distance` is how far they lie apart, from 0 to 1, and `differs` says where.
 * The request and both answers are JSON, cut to a bounded length; a request of a client has none of the three, since a record outlives the keys of what was kept.
 */
export type WorstAnswer = {
  readonly what: string;
  readonly distance: number;
  readonly differs: string;
  readonly request?: string;
  readonly before?: string;
  readonly after?: string;
};

/** A pair whose answers differ; `leaves` is empty where the new version refuses the request. `loss` is how far they lie apart where their values say less, such as those of boxes. */
export type ChangedPair = {
  readonly pair: AskedPair;
  readonly leaves: readonly LeafPair[];
  readonly loss?: number;
  readonly differs: string;
};

const MOST_SHOWN = 10;
const LONGEST = 300;

/** The pairs whose answers lie farthest apart: kept requests first, since nobody sends the drawn ones. */
export function worstAnswers(changed: readonly ChangedPair[]): readonly WorstAnswer[] {
  return changed
    .map((each) => ({ ...each, distance: each.loss ?? distanceOf(each.leaves) }))
    .toSorted((a, b) => Number(a.pair.isDrawn) - Number(b.pair.isDrawn) || b.distance - a.distance)
    .slice(0, MOST_SHOWN)
    .map(({ pair, differs, distance }) => ({
      what: visibleText(pair.what, LONGEST),
      distance: Number(distance.toPrecision(3)),
      ...(pair.isSent
        ? { differs: unshown(distance) }
        : {
            differs: visibleText(differs, LONGEST),
            request: visibleText(JSON.stringify(pair.request.body) ?? '', LONGEST),
            before: said(pair.before),
            after: said(pair.after),
          }),
    }));
}

/** A request of a client and its answers are shown to nobody. */
function unshown(distance: number): string {
  return `the answers, which are not shown, are ${Number((distance * 100).toPrecision(3))} % apart`;
}

function said(answer: GoldenAnswer): string {
  if (answer.kind === 'none') return 'no answer';
  const content = contentOf(answer);
  const text = content ? JSON.stringify(content.said) : `${answer.status} ${answer.body}`;
  return visibleText(text, LONGEST);
}

/** The mean over the outputs of the mean over their values, from 0 to 1; 1 for a refusal. */
function distanceOf(leaves: readonly LeafPair[]): number {
  const outputs = [...byPlace(leaves).values()];
  if (outputs.length === 0) return 1;
  return mean(outputs.map((pairs) => mean(pairs.map(lossOf))));
}

/** A number by its difference relative to both numbers; anything else is equal or not. */
function lossOf({ before, after }: LeafPair): number {
  if (typeof before !== 'number' || typeof after !== 'number') return Number(before !== after);
  const size = Math.abs(before) + Math.abs(after);
  return size === 0 ? 0 : Math.abs(after - before) / size;
}
