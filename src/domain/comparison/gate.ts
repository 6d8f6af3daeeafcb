import type { Gate } from '#domain/manifest/gate.ts';
import type { Judged } from './judge-comparison.ts';

/** The decision on a verdict: `declared` where the manifest says that the version replaces the live one whatever breaks, `asked` where a person decides. */
export type Gated =
  | { readonly kind: 'passed' }
  | { readonly kind: 'declared' }
  | { readonly kind: 'asked'; readonly fix: string }
  | { readonly kind: 'blocked'; readonly fix: string };

/** The version that is judged, and the number of the `live` one beside it. `isReleasedByApproval`: here a person has to approve what another Slipway promotes. */
export type GatedVersion = {
  readonly model: string;
  readonly version: number | null;
  readonly live: number;
  readonly isReleasedByApproval: boolean;
};

/** Decides by the manifest's policy whether a version that was judged so may replace the live one. */
export function gate(
  { verdict, level }: Pick<Judged, 'verdict' | 'level'>,
  policy: Gate,
  { model, version, live, isReleasedByApproval }: GatedVersion,
): Gated {
  // Truth outranks the share of changed answers.
  const isAsGood = verdict === 'changed' && level === 'truth';
  if (verdict === 'same' || isAsGood) return { kind: 'passed' };
  if (policy.replaces === live) return { kind: 'declared' };
  const usual = isReleasedByApproval ? 'ask' : 'warn';
  switch (policy[verdict] ?? usual) {
    case 'warn':
      return { kind: 'passed' };
    case 'ask': {
      const named = `${model} --version ${version}`;
      const force = verdict === 'broken' ? ' --force' : '';
      return {
        kind: 'asked',
        fix: `See it with \`slipway diff ${model} --from ${live} --to ${version}\`. Then approve it with \`slipway approve ${named}${force}\`, or refuse it with \`slipway reject ${named}\`.`,
      };
    }
    case 'block':
      return { kind: 'blocked', fix: FIXES[verdict](live) };
  }
}

const FIXES = {
  broken: (live) =>
    `Fix the model and upload it again. If its clients know of this, push it with --allow-breaking, or write \`gate: { replaces: ${live} }\` in model.yaml; other labels and units can be declared in \`gate.expect\`.`,
  changed: (live) =>
    `If it should answer otherwise, push it with --allow-breaking, or write \`gate: { replaces: ${live} }\` in model.yaml, or in \`gate.expect\` how its answers differ.`,
  unproven: () =>
    'Give more examples of what its clients send in examples.jsonl or model.yaml, or set gate.unproven to warn.',
} as const satisfies Record<'broken' | 'changed' | 'unproven', (live: number) => string>;
