import * as z from 'zod/mini';

const executionEnd = z.object({
  executionArn: z.string(),
  status: z.string(),
  error: z.optional(z.nullable(z.string())),
  cause: z.optional(z.nullable(z.string())),
});

/**
 * What starts the sweep, as EventBridge hands it over: the clock, which may ask for no more than a touch of what would fall asleep, or Step Functions telling that an execution has ended.
 * https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export const sweepEvent = z.discriminatedUnion('detail-type', [
  z.object({
    'detail-type': z.literal('Scheduled Event'),
    detail: z.optional(z.object({ touch: z.optional(z.boolean()) })),
  }),
  z.object({
    'detail-type': z.literal('Step Functions Execution Status Change'),
    detail: executionEnd,
  }),
]);

export type SweepEvent = z.infer<typeof sweepEvent>;

/** How an execution ended; `error` and `cause` are absent or null where Step Functions has none to tell. */
export type ExecutionEnd = z.infer<typeof executionEnd>;
