import { type Document, isMap, isNode, isScalar } from 'yaml';
import * as z from 'zod/mini';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { nearestName } from '#domain/nearest-name.ts';
import { quoted } from '#formats/rejected.ts';

/** A fault in a manifest, and its offset in the text. */
export type Fault = { readonly offset: number; readonly what: string };

/** The most errors reported for one manifest: they fit one terminal screen. */
export const MOST_LISTED = 20;

type Path = readonly PropertyKey[];
type KnownKey = { readonly key: string; readonly place: string };

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'expected keys with values',
  array: 'expected a list',
  int: 'expected a whole number',
  number: 'expected a number',
  boolean: 'expected true or false',
};

/** The schema's errors, in the words of the manifest. */
export function schemaFaults(
  issues: readonly z.core.$ZodIssue[],
  document: Document,
  text: string,
): readonly Fault[] {
  const known = knownKeys(z.toJSONSchema(manifestSchema, { io: 'input' }), '');
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [valueFault(issue, document, text)];
    const offsets = keyOffsets(document, issue.path);
    return issue.keys.map((key, index) => ({
      offset: offsets.get(key) ?? 0,
      // Errors after these are only counted.
      what: `unknown key ${quoted(key)}${index < MOST_LISTED ? `; ${hintFor(key, issue.path, known)}` : ''}`,
    }));
  });
}

function valueFault(issue: z.core.$ZodIssue, document: Document, text: string): Fault {
  const place = placeOf(issue.path) || 'the manifest';
  const [start, end] = rangeOf(document, issue.path);
  const [written = ''] = text.slice(start, end).split('\n');
  const isMissing =
    issue.code === 'invalid_type' &&
    isMap(document.getIn(issue.path.slice(0, -1), true)) &&
    !document.hasIn(issue.path);
  if (isMissing) return { offset: start, what: `${place} is missing` };
  const value = written === '' ? 'empty' : quoted(written);
  return { offset: start, what: `${place} is ${value}; ${remedyFor(issue)}` };
}

function remedyFor(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `expected ${issue.values.join(', ')}`;
  if (issue.code === 'too_big') return `the limit is ${issue.maximum}`;
  if (issue.code === 'too_small') {
    return issue.inclusive === false
      ? `it must be above ${issue.minimum}`
      : `the minimum is ${issue.minimum}`;
  }
  return (issue.code === 'invalid_type' && EXPECTED[issue.expected]) || issue.message;
}

/** The nearest key known at that place, else the nearest known anywhere, else all keys known at that place. */
function hintFor(key: string, path: Path, known: readonly KnownKey[]): string {
  const place = placeOf(path.map((step) => (typeof step === 'number' ? '' : step)));
  const here = known.filter((each) => each.place === place).map((each) => each.key);
  const near = nearestName(key, here);
  if (near) return `did you mean \`${near}\`?`;
  const far = nearestName(
    key,
    known.map((each) => each.key),
  );
  const home = known.find((each) => each.key === far);
  if (home) return `did you mean \`${home.place && `${home.place}.`}${home.key}\`?`;
  return `the known keys are ${here.join(', ')}`;
}

/** Each key of a schema with its place: '' is the top, `examples[]` any item of a list. */
function knownKeys(schema: z.core.JSONSchema._JSONSchema, place: string): readonly KnownKey[] {
  if (typeof schema === 'boolean') return [];
  const { properties = {}, items } = schema;
  const own = Object.entries(properties).flatMap(([key, value]) => [
    { key, place },
    ...knownKeys(value, place ? `${place}.${key}` : key),
  ]);
  return items === undefined || Array.isArray(items)
    ? own
    : [...own, ...knownKeys(items, `${place}[]`)];
}

/** `['examples', 0, 'rtol']` as `examples[0].rtol`. */
function placeOf(path: Path): string {
  return path
    .map((step) => (typeof step === 'string' && step !== '' ? `.${step}` : `[${String(step)}]`))
    .join('')
    .replace(/^\./, '');
}

/** The position of the value at a path; if it is absent, that of its nearest existing parent. */
function rangeOf(document: Document, path: Path): readonly [start: number, end: number] {
  const node = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isNode(node) && node.range) return [node.range[0], node.range[1]];
  return path.length === 0 ? [0, 0] : rangeOf(document, path.slice(0, -1));
}

function keyOffsets(document: Document, path: Path): ReadonlyMap<string, number> {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const keys = isMap(map) ? map.items.map((pair) => pair.key) : [];
  return new Map(keys.filter(isScalar).map(({ value, range }) => [String(value), range?.[0] ?? 0]));
}
