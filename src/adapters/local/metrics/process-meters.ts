import type { Registry } from 'prom-client';

let registry: Registry | undefined;

/** The resources of this process itself (`process_…`, `nodejs_…`), as prom-client's own collectors count it from the first call on; one registry, however many Slipways a process runs. */
export async function processMeters(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  if (registry) return registry;
  registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
