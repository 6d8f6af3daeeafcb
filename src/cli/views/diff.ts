import type { ComparisonView, VersionDiff } from '#control/comparison.ts';

const WEIGHT_WIDTH = 12;

/** Shows a person how two versions differ, the heaviest difference first. */
export function diffLines(
  { model, from, to }: { readonly model: string; readonly from: string; readonly to: string },
  { differences, comparison, ...asked }: VersionDiff,
): readonly string[] {
  if (asked.from === asked.to) return [`${model} ${to} is the same version on both sides`];
  return [
    `${model} ${to} beside ${from}`,
    ...(differences.length > 0
      ? differences.map(({ weight, what }) => `${weight.padEnd(WEIGHT_WIDTH)}${what}`)
      : ['They do not differ in what is known of them.']),
    '',
    ...(comparison
      ? comparisonLines(comparison)
      : [
          asked.from > asked.to
            ? 'Their answers were not compared this way round: --from names the older version.'
            : 'Their answers were never compared. Add --report FILE, and both run for a moment to be asked.',
        ]),
  ];
}

/** Shows the gate's finding, and the requests whose answers differed. */
export function comparisonLines({
  verdict,
  reason,
  decision,
  answered,
  answers,
}: ComparisonView): readonly string[] {
  const { kept, drawn } = answers;
  const asked = [
    ...(kept.asked > 0 ? [`${kept.changed} of ${kept.asked} kept requests`] : []),
    ...(drawn.asked > 0 ? [`${drawn.changed} of ${drawn.asked} drawn requests`] : []),
  ];
  return [
    `${verdict}${answered ? `, and ${answered.by} has ${answered.verdict} it` : (DECISIONS[decision] ?? '')}: ${reason}`,
    ...(asked.length > 0 ? [`${asked.join(' and ')} were answered otherwise`] : []),
    ...answers.examples.map((example) => `  ${example}`),
  ];
}

const DECISIONS: Readonly<Record<string, string>> = {
  asked: ', so a person decides',
  blocked: ', so it was rejected',
  declared: ', which its manifest allows',
};
