/** A metric of Prometheus and its values; of a histogram each is named with its ending, `_bucket`, `_sum` or `_count`. */
export type Family = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
};

export type Sample = {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
};

/** Prometheus' text, and its content type. prom-client is loaded by whoever asks first: 40 ms that no start and no request has to pay. */
export async function expose(
  families: readonly Family[],
): Promise<{ readonly type: string; readonly text: string }> {
  const { AggregatorRegistry } = await import('prom-client');
  const summed = families.map((family) => ({ ...family, aggregator: 'sum' }));
  const registry = AggregatorRegistry.aggregate([summed]);
  return { type: registry.contentType, text: await registry.metrics() };
}
