import { answerJson } from '#domain/rollout/answer-json.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { isObject } from '#domain/rollout/json-difference.ts';

// The Open Inference Protocol and OpenAI's API add an id, the version and the time to the model's own answer.
const AROUND: readonly (readonly [marker: string, keys: readonly string[]])[] = [
  ['outputs', ['id', 'model_name', 'model_version']],
  ['choices', ['id', 'created', 'model', 'system_fingerprint']],
];

/** The content of an answer of 200: its JSON without the fields that name the version, or its text; undefined for any other answer. */
export function contentOf(answer: GoldenAnswer): { readonly said: unknown } | undefined {
  if (answer.kind === 'none' || answer.status !== 200) return undefined;
  const read = answerJson(answer.body);
  if ('fault' in read) return { said: answer.body };
  return { said: bare(read.value) };
}

function bare(value: unknown): unknown {
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

// These fields describe the data beside them.
const FORM: readonly string[] = ['name', 'datatype', 'shape'];

/** The values of two answers, in the order of the first; `after` is undefined where the second has none there. */
export function leafPairs(before: unknown, after: unknown, place = ''): readonly LeafPair[] {
  if (Array.isArray(before)) {
    const items: readonly unknown[] = Array.isArray(after) ? after : [];
    return before.flatMap((item, index) => leafPairs(item, items[index], place));
  }
  if (!isObject(before)) return [{ place, before, after }];
  const found = isObject(after) ? after : {};
  const at = typeof before['name'] === 'string' ? `${place}/${before['name']}` : place;
  return Object.entries(before)
    .filter(([key]) => !FORM.includes(key))
    .flatMap(([key, value]) =>
      leafPairs(value, Object.hasOwn(found, key) ? found[key] : undefined, `${at}/${key}`),
    );
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
