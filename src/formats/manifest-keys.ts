import * as z from 'zod/mini';
import { manifestSchema } from '#domain/manifest.ts';
import { nearestName } from './nearest-name.ts';

type Schema = z.core.JSONSchema._JSONSchema;

/** A key of the manifest and the place it stands at: '' for the top, `examples[]` for an item of a list. */
type Known = { readonly key: string; readonly place: string };

/** What was probably meant by an unknown key: the nearest one there, the place where it belongs, or all that are known there. */
export function hintFor(key: string, path: readonly PropertyKey[]): string {
  const place = path
    .map((step) => (typeof step === 'number' ? '[]' : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
  const known = knownKeys(z.toJSONSchema(manifestSchema, { io: 'input' }), '');
  const here = known.filter((each) => each.place === place).map((each) => each.key);
  const near = nearestName(key, here);
  if (near) return `did you mean \`${near}\`?`;
  const elsewhere = known.find((each) => each.key === key);
  if (elsewhere) return `it belongs ${elsewhere.place ? `in \`${elsewhere.place}\`` : 'at the top'}`;
  return `known here: ${here.join(', ')}`;
}

function knownKeys(schema: Schema, place: string): readonly Known[] {
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
