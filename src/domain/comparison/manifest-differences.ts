import { type Manifest, manifestSchema } from '#domain/manifest/manifest.ts';
import { type Difference, harmless, listed, when } from './difference.ts';

const DEFAULTS = lastingOf(manifestSchema.parse({}));
const KEYS = Object.keys(manifestSchema.shape) as readonly (keyof Manifest)[];

/**
 * The settings that the version before had, and that this one leaves at their defaults. A retrained model that is uploaded without the model.yaml of the one before has none of them.
 * They change no answer, so they are harmless; what clients notice is a difference of its own.
 */
export function manifestDifferences(before: Manifest, after: Manifest): readonly Difference[] {
  const lost = KEYS.filter((key) => !isDefault(before, key) && isDefault(after, key));
  const what = `it came without ${listed(lost)} in model.yaml, which the version before had: the defaults hold`;
  return when(lost.length > 0, harmless(what));
}

/** A manifest that an older Slipway read lacks the keys that came later. */
function isDefault(manifest: Manifest, key: keyof Manifest): boolean {
  const value = lastingOf(manifest)[key];
  return value === undefined || JSON.stringify(value) === JSON.stringify(DEFAULTS[key]);
}

/** Without what the owner says of one release alone. */
function lastingOf({ gate, ...manifest }: Manifest): Record<string, unknown> {
  if (!gate) return manifest;
  const { replaces: _, expect: __, ...policy } = gate;
  return { ...manifest, gate: policy };
}
