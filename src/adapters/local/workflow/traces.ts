import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { ExecutionTrace, Traces } from './workflow-engine.ts';

const DETECTORS = [envDetector, serviceNameEnvDetector];

/**
 * Sends a trace of each execution to `url` by OTLP over HTTP, in JSON: a span for the execution, and within it one for each run of a step.
 * OpenTelemetry's other variables are its own to read: headers, timeouts, the service's name (`slipway` by default). A collector that does not answer holds nothing up.
 */
export function otlpTraces(url: string): Traces {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'slipway' }))
    .merge(detectResources({ detectors: DETECTORS }));
  const exporter = new OTLPTraceExporter({ url });
  const provider = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter })],
  });
  const tracer = provider.getTracer('slipway');
  return {
    begin(workflow, execution): ExecutionTrace {
      const whole = tracer.startSpan(workflow, { attributes: { 'slipway.execution': execution } });
      const within = trace.setSpan(context.active(), whole);
      // A build is told nothing of its deployment, which the steps before it were.
      let known: Attributes = {};
      return {
        async step(state, payload, run) {
          const span = tracer.startSpan(state, {}, within);
          known = { ...known, ...deploymentOf(payload) };
          for (const each of [whole, span]) each.setAttributes(known);
          try {
            return await run();
          } catch (error) {
            const { name, message } = error instanceof Error ? error : new Error(String(error));
            failed(span, name, message);
            throw error;
          } finally {
            span.end();
          }
        },
        end({ error, cause }) {
          if (error) failed(whole, error, cause);
          whole.end();
        },
      };
    },
    stop: () => provider.shutdown(),
  };
}

function failed(span: Span, name: string, message: string): void {
  span.setAttribute('error.type', name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

type Attributes = Readonly<Record<string, string>>;

function deploymentOf(payload: unknown): Attributes {
  const isNamed = typeof payload === 'object' && payload !== null && 'deploymentId' in payload;
  return isNamed ? { 'slipway.deployment': String(payload.deploymentId) } : {};
}
