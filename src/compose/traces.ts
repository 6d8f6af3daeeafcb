import type { Traces } from '#adapters/local/workflow/workflow-engine.ts';

/** The traces that OpenTelemetry's environment variables ask for; undefined where they name no collector. https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
export async function tracesFor(environment: NodeJS.ProcessEnv): Promise<Traces | undefined> {
  const base = environment['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const url =
    environment['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ||
    (base && `${base.replace(/\/$/, '')}/v1/traces`);
  if (!url) return undefined;
  // Loading it takes 80 ms, which is only spent where it is used.
  const { otlpTraces } = await import('#adapters/local/workflow/traces.ts');
  return otlpTraces(url);
}
