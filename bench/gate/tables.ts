import type { Judged } from '#domain/comparison/judge-comparison.ts';

/** A pair that was judged, and the share of its requests that is answered otherwise. */
export type Counted = Pick<Judged, 'verdict' | 'level'> & {
  readonly kind: string;
  readonly changed: number;
};

/** A count of a number of pairs. */
export type Share = { readonly count: number; readonly of: number };

// The normal distribution has 95 % within so many standard deviations.
const Z = 1.96;

export function share<Item>(items: readonly Item[], isSo: (item: Item) => boolean): Share {
  return { count: items.filter(isSo).length, of: items.length };
}

/** The share in percent with Wilson's interval of 95 %. */
export function shown({ count, of }: Share): string {
  if (of === 0) return '–';
  const part = count / of;
  const centre = part + Z ** 2 / (2 * of);
  const width = Z * Math.sqrt((part * (1 - part)) / of + Z ** 2 / (4 * of ** 2));
  const bound = (value: number) => percent(Math.min(1, Math.max(0, value / (1 + Z ** 2 / of))));
  return `${percent(part)} (${bound(centre - width)} to ${bound(centre + width)})`;
}

/** One row for each kind and one for all of them, as Markdown. */
export function table(title: string, pairs: readonly Counted[]): string {
  const kinds = [...Map.groupBy(pairs, ({ kind }) => kind)];
  const rows = kinds.length > 1 ? [...kinds, ['all', pairs] as const] : kinds;
  return [
    `### ${title}`,
    '',
    '| kind | pairs | answered otherwise (median) | broken | broken or changed | without a request |',
    '|---|---|---|---|---|---|',
    ...rows.map(([kind, those]) => `| ${[kind, those.length, ...cells(those)].join(' | ')} |`),
    '',
  ].join('\n');
}

function cells(pairs: readonly Counted[]): readonly string[] {
  const isBroken = ({ verdict }: Counted) => verdict === 'broken';
  return [
    percent(median(pairs.map(({ changed }) => changed))),
    shown(share(pairs, isBroken)),
    shown(share(pairs, (pair) => isBroken(pair) || pair.verdict === 'changed')),
    String(share(pairs, ({ level }) => level === 'artifacts').count),
  ];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function percent(part: number): string {
  return `${Number((part * 100).toFixed(1))} %`;
}
