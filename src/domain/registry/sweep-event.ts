import * as z from 'zod/mini';

const executionEnd = z.object({
  executionArn: z.string(),
  status: z.string(),
  error: z.optional(z.nullable(z.string())),
  cause: z.optional(z.nullable(z.string())),
});

/**
 * The trigger of the sweep, as EventBridge delivers it: the schedule, which may request only to keep idle resources awake, to weigh live versions again or to add up what they have cost, or Step Functions reporting that an execution has ended.
 * https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
 */
export const sweepEvent = z.discriminatedUnion('detail-type', [
  z.object({
    'detail-type': z.literal('Scheduled Event'),
    detail: z.optional(
      z.object({
        touch: z.optional(z.boolean()),
        weigh: z.optional(z.boolean()),
        meter: z.optional(z.boolean()),
      }),
    ),
  }),
  z.object({
    'detail-type': z.literal('Step Functions Execution Status Change'),
    detail: executionEnd,
  }),
]);

export type SweepEvent = z.infer<typeof sweepEvent>;

/** How an execution ended; `error` and `cause` are absent or null where Step Functions gives none. */
export type ExecutionEnd = z.infer<typeof executionEnd>;
