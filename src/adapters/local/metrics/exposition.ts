import { processMeters } from './process-meters.ts';

/** A Prometheus metric and its samples; a histogram's samples are named with their suffix, `_bucket`, `_sum` or `_count`. */
export type Family = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly Sample[];
};

/** A gauge with one value and no labels. */
export function gauge(name: string, help: string, value: number): Family {
  return { name, help, type: 'gauge', values: [{ labels: {}, value }] };
}

export type Sample = {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
};

export type Exposition = { readonly type: string; readonly text: string };

/** Prometheus' text format, and its content type. prom-client is loaded on first use: it costs 40 ms, which no startup and no request should pay. */
export async function expose(families: readonly Family[]): Promise<Exposition> {
  const { AggregatorRegistry } = await import('prom-client');
  const summed = families.map((family) => ({ ...family, aggregator: 'sum' }));
  const registry = AggregatorRegistry.aggregate([summed]);
  return { type: registry.contentType, text: await registry.metrics() };
}

/** The same, and behind it what this process itself uses. */
export async function exposeWithProcess(families: readonly Family[]): Promise<Exposition> {
  const { type, text } = await expose(families);
  const own = await processMeters();
  return { type, text: text + (await own.metrics()) };
}
