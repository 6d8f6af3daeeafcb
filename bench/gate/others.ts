import { type Share, share, shown } from './tables.ts';

type Statistics = Readonly<Record<string, number>>;

/** The false alarms that each of the other gates may have on the equal pairs. */
const FALSE_ALARMS = 0.02;

/**
 * The faults that other gates would have found, as Markdown.
 * Each alarms above the lowest threshold that rings on at most 2 % of the equal pairs, which nobody knows before: it is the best that it can do.
 */
export function others({
  ours,
  faults,
  equal,
}: {
  readonly ours: { readonly caught: Share; readonly falseAlarms: Share };
  readonly faults: readonly Statistics[];
  readonly equal: readonly Statistics[];
}): string {
  const names = Object.keys(equal[0] ?? {});
  const rows = names.map((name) => {
    const quiet = equal.map((each) => each[name] ?? 0).toSorted((a, b) => b - a);
    const threshold = quiet[Math.floor(quiet.length * FALSE_ALARMS)] ?? 0;
    const rings = (each: Statistics) => (each[name] ?? 0) > threshold;
    return [name, shown(share(faults, rings)), shown(share(equal, rings))];
  });
  const own = ['Slipway (broken or changed)', shown(ours.caught), shown(ours.falseAlarms)];
  return [
    '### Other gates beside it',
    '',
    '| gate | faults found | false alarms on equal pairs |',
    '|---|---|---|',
    ...[own, ...rows].map((cells) => `| ${cells.join(' | ')} |`),
  ].join('\n');
}
