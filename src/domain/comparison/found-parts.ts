import * as z from 'zod/mini';
import { isObject } from '#domain/rollout/json-difference.ts';
import { mean } from './statistics.ts';

/** A part of a picture or a text that a model marks: a box in pixels, or a span of letters. */
type Found = {
  readonly label: string;
  readonly score: number;
  readonly place: readonly number[];
};
/** The F1 of what both versions found, over so many answers in which one of them found something. */
export type FoundEvidence = { readonly answers: number; readonly f1: number };
type Answers = { readonly before: unknown; readonly after: unknown };

/** Two boxes are the same if they share half of the area that they cover, as in the benchmarks of detectors (PASCAL VOC, COCO's AP50). */
const LEAST_OVERLAP = 0.5;
/** A box counts that is at least so sure, as a part of the surest one: detectors without fixed classes are less sure than others. */
const LEAST_SURE = 0.5;
/** Matching takes the product of both numbers of boxes. */
const MOST_FOUND = 300;
/** Nothing is found again in so many of 20 answers with a chance of 0.6 % at most, if it is found again in half of all. */
const LOST = { answers: 20, share: 0.8 } as const;
const [BOX_NUMBERS, SPAN_NUMBERS] = [4, 2];

const box = z.object({ xmin: z.number(), ymin: z.number(), xmax: z.number(), ymax: z.number() });
const item = z.object({
  label: z.optional(z.string()),
  entity_group: z.optional(z.string()),
  entity: z.optional(z.string()),
  score: z.optional(z.number()),
  box: z.optional(box),
  start: z.optional(z.int()),
  end: z.optional(z.int()),
});
const items = z.array(item);
const label = z.union([z.string(), z.number()]);
const corners = z.array(z.array(z.number()).check(z.length(BOX_NUMBERS)));
/** The tensors of a detector for one picture, with or without a dimension of pictures. */
const tensors = z.object({
  boxes: z.union([corners, z.tuple([corners])]),
  scores: z.union([z.array(z.number()), z.tuple([z.array(z.number())])]),
  labels: z.union([z.array(label), z.tuple([z.array(label)])]),
});

/**
 * How far two answers of a detector, or of a model that marks spans of a text, are apart: 1 − F1 of what they found, in each picture or text, from 0 to 1.
 * A box is found again by one of the same label that shares half of their area, a span by the same span with the same label; each counts once. Undefined where they are other answers.
 */
export function foundLoss({ before, after }: Answers): number | undefined {
  const [old, now] = [foundIn(before), foundIn(after)];
  if (!old || !now || old.length !== now.length) return undefined;
  let [matched, all] = [0, 0];
  for (const [at, each] of old.entries()) {
    const own = now[at] ?? [];
    const least = LEAST_SURE * Math.max(0, ...[...each, ...own].map(({ score }) => score));
    const [theirs, ours] = [each, own].map((found) => surest(found, least));
    matched += pairsOf(theirs ?? [], ours ?? [], isSameLabel).size;
    all += (theirs?.length ?? 0) + (ours?.length ?? 0);
  }
  return all === 0 ? undefined : 1 - (2 * matched) / all;
}

/** The new answer with what it found in the order of the other one, by place alone, since a detector has no order; empty places have no counterpart. Other answers as they are. */
export function inOrderOf(before: unknown, after: unknown): unknown {
  if (isObject(before) && isObject(after) && 'predictions' in before) {
    return { ...after, predictions: inOrderOf(before['predictions'], after['predictions']) };
  }
  const [old, now] = [foundInItems(before), foundInItems(after)];
  if (old && now && Array.isArray(after)) {
    const pairs = pairsOf(old, now, () => true);
    return old.map((each) => after[now.indexOf(pairs.get(each) ?? each)]);
  }
  if (!Array.isArray(before) || !Array.isArray(after) || !Array.isArray(before[0])) return after;
  return after.map((each, at) => inOrderOf(before[at], each));
}

/** The mean of the losses; undefined where there is none. */
export function foundEvidence(losses: readonly number[]): FoundEvidence | undefined {
  if (losses.length === 0) return undefined;
  return { answers: losses.length, f1: Number((1 - mean(losses)).toPrecision(3)) };
}

/** The sign that two versions do not look for the same: in most answers nothing is found again. Which of them is wrong only the truth says. */
export function unrelatedFound(losses: readonly number[]): readonly string[] {
  const lost = losses.filter((loss) => loss === 1).length;
  if (losses.length < LOST.answers || lost < losses.length * LOST.share) return [];
  return [
    `in ${lost} of ${losses.length} answers nothing is found where the version before found something with the same label`,
  ];
}

/** The parts that are marked in each picture or text of an answer; undefined for other answers. */
function foundIn(said: unknown): readonly (readonly Found[])[] | undefined {
  const answer = isObject(said) && 'predictions' in said ? said['predictions'] : said;
  const one = foundInItems(answer) ?? foundInTensors(answer);
  if (one) return [one];
  if (!Array.isArray(answer)) return undefined;
  const found: (readonly Found[])[] = [];
  for (const each of answer) {
    const own = foundInItems(each);
    if (!own) return undefined;
    found.push(own);
  }
  return found;
}

function foundInItems(answer: unknown): readonly Found[] | undefined {
  // An answer may have a million numbers: the first one tells.
  if (!Array.isArray(answer) || (answer.length > 0 && !isObject(answer[0]))) return undefined;
  const { data } = items.safeParse(answer);
  const found = data?.flatMap((each) => {
    const name = each.label ?? each.entity_group ?? each.entity;
    const place = placeOf(each);
    return name === undefined || !place ? [] : [{ label: name, score: each.score ?? 1, place }];
  });
  return found?.length === data?.length ? found : undefined;
}

function placeOf({ box, start, end }: z.infer<typeof item>): readonly number[] | undefined {
  if (box) return [box.xmin, box.ymin, box.xmax, box.ymax];
  return start === undefined || end === undefined ? undefined : [start, end];
}

function foundInTensors(answer: unknown): readonly Found[] | undefined {
  const { data } = isObject(answer) ? tensors.safeParse(answer) : {};
  if (!data) return undefined;
  const [boxes, scores, labels] = [lone(data.boxes), lone(data.scores), lone(data.labels)];
  if (boxes.length !== scores.length || boxes.length !== labels.length) return undefined;
  return boxes.map((place, at) => ({
    label: String(labels[at]),
    score: Number(scores[at]),
    place: place as readonly number[],
  }));
}

/** Without a dimension of one picture. */
function lone(rows: readonly unknown[]): readonly unknown[] {
  const [only] = rows;
  const isOfPicture = Array.isArray(only) && (only.length === 0 || !isCorners(only));
  return rows.length === 1 && isOfPicture ? only : rows;
}

function isCorners(row: readonly unknown[]): boolean {
  return row.length === BOX_NUMBERS && row.every((each) => typeof each === 'number');
}

function surest(found: readonly Found[], least: number): readonly Found[] {
  return found
    .filter(({ score }) => score >= least)
    .toSorted((one, other) => other.score - one.score)
    .slice(0, MOST_FOUND);
}

function isSameLabel(one: Found, other: Found): boolean {
  return one.label === other.label;
}

/** Pairs each part of `before` with the one of `now` that lies most on it: the first of `now` first, each of both once. */
function pairsOf(
  before: readonly Found[],
  now: readonly Found[],
  isAlike: (one: Found, other: Found) => boolean,
): ReadonlyMap<Found, Found> {
  const pairs = new Map<Found, Found>();
  for (const each of now.slice(0, MOST_FOUND)) {
    let [best, most]: [Found | undefined, number] = [undefined, 0];
    for (const other of before.slice(0, MOST_FOUND)) {
      if (pairs.has(other) || !isAlike(other, each)) continue;
      const overlap = overlapOf(other.place, each.place);
      if (overlap >= LEAST_OVERLAP && overlap > most) [best, most] = [other, overlap];
    }
    if (best) pairs.set(best, each);
  }
  return pairs;
}

/** The intersection of two boxes over their union; of two spans 1 where they are the same. */
function overlapOf(one: readonly number[], other: readonly number[]): number {
  if (one.length === SPAN_NUMBERS || other.length === SPAN_NUMBERS) {
    return Number(one.join() === other.join());
  }
  const [left = 0, top = 0, right = 0, bottom = 0] = one;
  const [left2 = 0, top2 = 0, right2 = 0, bottom2 = 0] = other;
  const width = Math.max(0, Math.min(right, right2) - Math.max(left, left2));
  const height = Math.max(0, Math.min(bottom, bottom2) - Math.max(top, top2));
  const shared = width * height;
  const union = (right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - shared;
  return union > 0 ? shared / union : 0;
}
