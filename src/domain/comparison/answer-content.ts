import { answerJson } from '#domain/rollout/answer-json.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { isObject } from '#domain/rollout/json-difference.ts';
import { type AnswerShape, fieldsOf, RAW } from './answer-shape.ts';

// The Open Inference Protocol and OpenAI's API add an id, the version, the time and the number of tokens to the model's own answer.
const AROUND: readonly (readonly [marker: string, keys: readonly string[]])[] = [
  ['outputs', ['id', 'model_name', 'model_version']],
  ['choices', ['id', 'created', 'model', 'system_fingerprint', 'usage', 'timings']],
];

type Content = { readonly said: unknown };

// Many questions are asked about one answer, and reading it costs more than most of them.
const READ = new WeakMap<GoldenAnswer, Content>();

/** The content of an answer of 200: its JSON without the fields that name the version, or its text; undefined for any other answer. */
export function contentOf(answer: GoldenAnswer): Content | undefined {
  if (answer.kind === 'none' || answer.status !== 200) return undefined;
  const known = READ.get(answer);
  if (known) return known;
  const content = contentIn(answer.body);
  READ.set(answer, content);
  return content;
}

function contentIn(body: string): Content {
  const read = answerJson(body);
  if ('fault' in read) return { said: body };
  return { said: ownContent(read.value) };
}

/** The content that the model itself gave, without the fields of the protocol that name the version. */
export function ownContent(value: unknown): unknown {
  if (!isObject(value)) return value;
  const around = AROUND.find(([marker]) => Object.hasOwn(value, marker))?.[1] ?? [];
  return Object.fromEntries(Object.entries(value).filter(([key]) => !around.includes(key)));
}

/** A value at the same place in two answers; `place` is the path to it without the positions in lists, so that the rows of one output share it. */
export type LeafPair = {
  readonly place: string;
  readonly before: unknown;
  readonly after: unknown;
};

/** The values of two answers, in the order of the first, at the places that `shape` names; `after` is undefined where the second has none there. */
export function leafPairs(
  before: unknown,
  after: unknown,
  shape: AnswerShape = RAW,
  place = '',
): readonly LeafPair[] {
  if (Array.isArray(before)) {
    const items: readonly unknown[] = Array.isArray(after) ? after : [];
    return before.flatMap((item, index) => leafPairs(item, items[index], shape, place));
  }
  if (!isObject(before)) return [{ place, before, after }];
  const found = isObject(after) ? after : {};
  return fieldsOf(before).flatMap(([key, value]) => {
    const name = shape.nameOf(key);
    return leafPairs(value, counterpart(found, key, before), shape.below(name), `${place}/${name}`);
  });
}

/** The value of the same field in the other answer; of an object with a name that is the whole other object. */
function counterpart(
  found: Readonly<Record<string, unknown>>,
  key: string,
  before: Readonly<Record<string, unknown>>,
): unknown {
  if (typeof before['name'] === 'string') return found;
  return Object.hasOwn(found, key) ? found[key] : undefined;
}

/** The pairs by their place. */
export function byPlace<Pair extends LeafPair>(
  pairs: readonly Pair[],
): ReadonlyMap<string, readonly Pair[]> {
  const found = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const here = found.get(pair.place);
    if (here) here.push(pair);
    else found.set(pair.place, [pair]);
  }
  return found;
}
