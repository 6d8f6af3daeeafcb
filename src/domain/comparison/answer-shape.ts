import { isObject } from '#domain/rollout/json-difference.ts';

/** The names of the keys at one place of the answers. Several keys may have one name, and then their values belong to one place. */
export type AnswerShape = {
  readonly nameOf: (key: string) => string;
  readonly below: (name: string) => AnswerShape;
};

/** Each key is its own name. */
export const RAW: AnswerShape = { nameOf: (key) => key, below: () => RAW };

/** The name of all keys that not every answer has. */
const ANY = '*';

// These fields describe the data beside them.
const FORM: readonly string[] = ['name', 'datatype', 'shape'];

/**
 * The shape of some answers, in which no key is named that may be a client's: a map from the client's words to scores has these words as its keys.
 * A key in `words` is its own name. Any other is `key 3 of 12` if each answer has it, since it is a field then; all the rest are `*`.
 */
export function shapeOf(answers: readonly unknown[], words: ReadonlySet<string>): AnswerShape {
  return shapeAt(
    answers.map((answer) => [answer]),
    words,
  );
}

/** `answers` are the values that each answer has at this place. */
function shapeAt(
  answers: readonly (readonly unknown[])[],
  words: ReadonlySet<string>,
): AnswerShape {
  const fields = answers.map((values) => values.flatMap(objectsIn).flatMap(fieldsOf));
  const counts = new Map<string, number>();
  for (const here of fields) {
    for (const key of new Set(here.map(([each]) => each))) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const answered = fields.filter((here) => here.length > 0).length;
  const constant = [...counts].filter(([, count]) => count === answered).map(([key]) => key);
  const positions = new Map(constant.map((key, index) => [key, index + 1]));
  const nameOf = (key: string) => {
    if (words.has(key)) return key;
    const position = positions.get(key);
    return position === undefined ? ANY : `key ${position} of ${constant.length}`;
  };
  const known = new Map<string, AnswerShape>();
  const below = (name: string) => {
    const shape =
      known.get(name) ??
      shapeAt(
        fields.map((here) =>
          here.filter(([key]) => nameOf(key) === name).map(([, value]) => value),
        ),
        words,
      );
    known.set(name, shape);
    return shape;
  };
  return { nameOf, below };
}

/** The objects in nested lists. */
function objectsIn(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  return isObject(value) ? [value] : [];
}

/** The fields of an object that hold data. An object with a name, such as a tensor, is the only field of an unnamed one. */
export function fieldsOf(
  value: Readonly<Record<string, unknown>>,
): readonly (readonly [key: string, value: unknown])[] {
  if (typeof value['name'] === 'string') {
    const { name, ...rest } = value;
    return [[value['name'], rest]];
  }
  return Object.entries(value).filter(([key]) => !FORM.includes(key));
}
