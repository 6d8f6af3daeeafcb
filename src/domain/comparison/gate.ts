import type { Gate } from '#domain/manifest/gate.ts';
import type { Judged } from './judge-comparison.ts';

/** The decision on a verdict: `declared` where the manifest says that the version replaces the live one whatever breaks. */
export type Gated =
  | { readonly kind: 'passed' }
  | { readonly kind: 'declared' }
  | { readonly kind: 'blocked'; readonly fix: string };

/** Decides by the manifest's policy whether a version that was judged so may replace `live`, a version's number. */
export function gate({ verdict }: Pick<Judged, 'verdict'>, policy: Gate, live: number): Gated {
  if (verdict === 'same') return { kind: 'passed' };
  if (policy.replaces === live) return { kind: 'declared' };
  if (policy[verdict] === 'warn') return { kind: 'passed' };
  return { kind: 'blocked', fix: FIXES[verdict](live) };
}

const FIXES = {
  broken: (live) =>
    `Fix the model and upload it again. If its clients know of this, push it with --allow-breaking, or write \`gate: { replaces: ${live} }\` in model.yaml.`,
  changed: (live) =>
    `If it should answer otherwise, push it with --allow-breaking, or write \`gate: { replaces: ${live} }\` in model.yaml.`,
  unproven: () =>
    'Give more examples of what its clients send in model.yaml (examples: [{ request: … }]), or set gate.unproven to warn.',
} as const satisfies Record<'broken' | 'changed' | 'unproven', (live: number) => string>;
