import { parseJson } from '#domain/parse-json.ts';

// Numbers closer than this are equal, whatever the relative tolerance: 0 and 1e-9, for example.
const ABSOLUTE_TOLERANCE = 1e-8;
const LONGEST_SHOWN = 80;
const NO_OUTPUTS: ReadonlyMap<string, number> = new Map();

/** How far two numbers may differ, relative to the expected one: those of the named outputs, and all others. */
export type RelativeTolerance = {
  readonly others: number;
  readonly outputs: ReadonlyMap<string, number>;
};

/** The same for the numbers at one place, also absolutely. */
type Tolerance = {
  readonly rtol: number;
  readonly atol: number;
  readonly outputs: ReadonlyMap<string, number>;
};

/**
 * The first place where the answer differs from the expected value, as `path is got; expected value`; undefined when there is none.
 * Numbers match when |got - expected| <= rtol * |expected| + atol, where atol is at least 1e-8; strings, booleans and null when they are equal;
 * lists when they have the same length and match item by item; an object may have more keys than expected.
 * Texts that contain lists or objects in JSON, as a tensor of BYTES carries them, match by their parsed values.
 * Lists of objects with unique `name`s, such as lists of tensors, match by name in any order, and may have more items.
 * The numbers of a tensor with an integer datatype match only when they are equal, unless `rtol` names the tensor.
 */
export function difference(
  got: unknown,
  expected: unknown,
  rtol: number | RelativeTolerance,
  atol = 0,
): string | undefined {
  const { others, outputs } =
    typeof rtol === 'number' ? { others: rtol, outputs: NO_OUTPUTS } : rtol;
  const tolerance = { rtol: others, atol: Math.max(atol, ABSOLUTE_TOLERANCE), outputs };
  return differenceAt(got, expected, tolerance, 'the answer');
}

function differenceAt(
  got: unknown,
  expected: unknown,
  tolerance: Tolerance,
  path: string,
): string | undefined {
  if (Array.isArray(expected)) return listDifference(got, expected, tolerance, path);
  if (isObject(expected)) return objectDifference(got, expected, tolerance, path);
  const agrees =
    typeof got === 'number' && typeof expected === 'number'
      ? isClose(got, expected, tolerance)
      : got === expected;
  if (agrees) return undefined;
  const [said, wanted] = [saidBy(got), saidBy(expected)];
  return said && wanted
    ? differenceAt(said, wanted, tolerance, path)
    : mismatch(got, expected, path);
}

/** The list or object that a text contains as JSON. */
function saidBy(value: unknown): object | undefined {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return undefined;
  const said = parseJson(value);
  return typeof said === 'object' && said !== null ? said : undefined;
}

function listDifference(
  got: unknown,
  expected: readonly unknown[],
  tolerance: Tolerance,
  path: string,
): string | undefined {
  if (!Array.isArray(got)) return mismatch(got, expected, path);
  const [named, wanted] = [byName(got), byName(expected)];
  if (named && wanted) {
    return first([...wanted], ([name, item]) =>
      differenceAt(named.get(name), item, tolerance, `${path}[${JSON.stringify(name)}]`),
    );
  }
  if (got.length !== expected.length) {
    return `${path} has ${got.length} items; expected ${expected.length}`;
  }
  return first(expected, (item, index) =>
    differenceAt(got[index], item, tolerance, `${path}[${index}]`),
  );
}

/** The items by name; undefined unless every item has a unique name, and for an empty list. */
function byName(items: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const named = new Map<string, unknown>();
  for (const item of items) {
    const name = isObject(item) ? item['name'] : undefined;
    if (typeof name !== 'string') return undefined;
    named.set(name, item);
  }
  return named.size === items.length && named.size > 0 ? named : undefined;
}

function objectDifference(
  got: unknown,
  expected: Readonly<Record<string, unknown>>,
  given: Tolerance,
  path: string,
): string | undefined {
  if (!isObject(got)) return mismatch(got, expected, path);
  const named = given.outputs.get(String(expected['name']));
  const isWhole = named === undefined && /^U?INT/.test(String(got['datatype']));
  const tolerance = isWhole
    ? { ...given, rtol: 0, atol: ABSOLUTE_TOLERANCE }
    : { ...given, rtol: named ?? given.rtol };
  return first(Object.entries(expected), ([key, value]) =>
    differenceAt(
      Object.hasOwn(got, key) ? got[key] : undefined,
      value,
      { ...tolerance, rtol: given.outputs.get(key) ?? tolerance.rtol },
      `${path}.${key}`,
    ),
  );
}

function isClose(got: number, expected: number, { rtol, atol }: Tolerance): boolean {
  return Math.abs(got - expected) <= rtol * Math.abs(expected) + atol;
}

/** Whether it is an object of JSON: no list, and not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mismatch(got: unknown, expected: unknown, path: string): string {
  return got === undefined
    ? `${path} is missing; expected ${show(expected)}`
    : `${path} is ${show(got)}; expected ${show(expected)}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

function first<T>(
  items: readonly T[],
  find: (item: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found) return found;
  }
  return undefined;
}
