import type { Traces } from '#adapters/local/workflow/workflow-engine.ts';
import { requireUrl } from './require-url.ts';

/** The traces that OpenTelemetry's environment variables ask for; undefined where they name no collector. https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
export async function tracesFor(environment: NodeJS.ProcessEnv): Promise<Traces | undefined> {
  const url = tracesUrl(environment);
  if (!url) return undefined;
  // Loading it takes 80 ms, which is only spent where it is used.
  const { otlpTraces } = await import('#adapters/local/workflow/traces.ts');
  return otlpTraces(url);
}

/** Where those variables have traces sent; undefined where they name no collector. Fails with `InputInvalid` for anything but a URL of HTTP. */
export function tracesUrl(environment: NodeJS.ProcessEnv): string | undefined {
  const [traces, base] = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].map(
    (name) => requireUrl(name, environment[name]),
  );
  return traces || (base && `${base.replace(/\/$/, '')}/v1/traces`);
}
