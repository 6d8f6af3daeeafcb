import type { Sample } from '#adapters/local/metrics/exposition.ts';

/** Counts of values up to each bound, their sum and their number. */
export type Histogram = {
  add(value: number): void;
  samples(name: string, labels: Sample['labels']): readonly Sample[];
};

export function histogram(bounds: readonly number[]): Histogram {
  const buckets = new Array<number>(bounds.length).fill(0);
  let sum = 0;
  let count = 0;
  return {
    add(value) {
      const bucket = bounds.findIndex((bound) => value <= bound);
      if (bucket !== -1) buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      sum += value;
      count += 1;
    },
    samples(name, labels) {
      let below = 0;
      const filled = bounds.map((bound, index): Sample => {
        below += buckets[index] ?? 0;
        return { labels: { le: bound, ...labels }, value: below, metricName: `${name}_bucket` };
      });
      return [
        ...filled,
        { labels: { le: '+Inf', ...labels }, value: count, metricName: `${name}_bucket` },
        { labels, value: sum, metricName: `${name}_sum` },
        { labels, value: count, metricName: `${name}_count` },
      ];
    },
  };
}
