import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';
import { wireMessage } from '#domain/trouble.ts';

const logger = new Logger({ serviceName: 'slipway' });
const metrics = new Metrics({ namespace: 'Slipway', serviceName: 'slipway' });

/**
 * A step as a Lambda function: parses the event, runs the step, returns its answer.
 * A failure keeps its name, on which the workflow matches, and has its fix in the message; its causes are only logged here.
 */
export function lambdaHandler<Input, Output>(
  schema: z.ZodMiniType<Input>,
  step: (input: Input) => Promise<Output>,
): (event: unknown, context: Context) => Promise<Output> {
  return middy<unknown, Output, Error, Context>()
    .use(observed())
    .handler((event) => step(parse(schema, event)));
}

function parse<Input>(schema: z.ZodMiniType<Input>, event: unknown): Input {
  const parsed = schema.safeParse(event);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Failure('InputInvalid', `the event is wrong: ${problems.join('; ')}`);
}

/** Logs one line per run, with the deployment's id, and its duration as a metric; an error is logged once, with all its causes. */
function observed(): MiddlewareObj<unknown, unknown, Error, Context> {
  let startedAt = 0;
  const measure = (context: Context) => {
    const durationMs = performance.now() - startedAt;
    metrics.addDimension('step', context.functionName);
    metrics.addMetric('stepDuration', MetricUnit.Milliseconds, durationMs);
    return { durationMs: Math.round(durationMs) };
  };
  return {
    before({ event, context }) {
      startedAt = performance.now();
      logger.addContext(context);
      logger.resetKeys();
      logger.appendKeys(subjectOf(event));
    },
    after({ context }) {
      logger.info('done', measure(context));
      metrics.publishStoredMetrics();
    },
    onError({ error, context }) {
      // The caller has no key, and must not be able to flood the log with errors.
      if (error?.name === 'Unauthorized') {
        logger.info('refused', measure(context));
        metrics.publishStoredMetrics();
        throw asReported(error);
      }
      logger.error('failed', { ...measure(context), error: error ?? new Error('unknown') });
      metrics.addDimension('failure', error?.name ?? 'Error');
      metrics.addMetric('stepFailures', MetricUnit.Count, 1);
      metrics.publishStoredMetrics();
      throw asReported(error);
    },
  };
}

const subject = z.object({
  deploymentId: z.optional(z.string()),
  execution: z.optional(z.string()),
  event: z.optional(z.object({ detail: z.object({ object: z.object({ key: z.string() }) }) })),
});

/** The ids that a run's log lines carry. */
function subjectOf(input: unknown): Readonly<Record<string, string>> {
  const { deploymentId, execution, event } = subject.safeParse(input).data ?? {};
  return {
    ...(deploymentId && { deploymentId }),
    ...(execution && { execution }),
    ...(event && { key: event.detail.object.key }),
  };
}

/** The workflow only gets name and message; the stack and the causes stay in the log. */
function asReported(error: Error | null | undefined): Error {
  const message = error instanceof Failure ? wireMessage(error) : String(error?.message);
  const reported = new Error(message);
  reported.name = error?.name ?? 'Error';
  reported.stack = `${reported.name}: ${message}`;
  return reported;
}
