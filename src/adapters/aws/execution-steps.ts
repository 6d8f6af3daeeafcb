import {
  ExecutionDoesNotExist,
  type HistoryEvent,
  paginateGetExecutionHistory,
  type SFNClient,
} from '@aws-sdk/client-sfn';
import type { StepRun } from '#domain/workflow-graph.ts';

/**
 * The task and wait states that an execution has run, oldest first; empty for one that is no longer kept: Step Functions keeps a history for 90 days.
 * https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
 */
export async function executionSteps(
  client: SFNClient,
  executionArn: string,
): Promise<readonly StepRun[]> {
  try {
    const pages = paginateGetExecutionHistory({ client, pageSize: 1000 }, { executionArn });
    const found: HistoryEvent[] = [];
    for await (const { events = [] } of pages) found.push(...events);
    return stepsOf(found);
  } catch (error) {
    if (error instanceof ExecutionDoesNotExist) return [];
    throw error;
  }
}

/** One state runs at a time: the workflows have no parallel states. */
function stepsOf(events: readonly HistoryEvent[]): readonly StepRun[] {
  const steps: StepRun[] = [];
  let error: string | null = null;
  for (const event of events) {
    const atMs = event.timestamp?.getTime() ?? 0;
    const entered = event.stateEnteredEventDetails?.name;
    const open = steps.at(-1);
    if (/Failed$|TimedOut$/.test(event.type ?? '')) error = errorOf(event);
    // A state that failed is not exited: the next one is entered, or the execution ends.
    const isLeft =
      entered !== undefined || event.stateExitedEventDetails || /^Execution/.test(event.type ?? '');
    if (isLeft && open?.endedAtMs === null) {
      steps[steps.length - 1] = {
        ...open,
        endedAtMs: atMs,
        error: event.stateExitedEventDetails ? null : error,
      };
    }
    if (entered !== undefined) {
      error = null;
      steps.push({ state: entered, startedAtMs: atMs, endedAtMs: null, error: null });
    }
  }
  return steps;
}

function errorOf(event: HistoryEvent): string {
  const { taskFailedEventDetails, lambdaFunctionFailedEventDetails, executionFailedEventDetails } =
    event;
  const details =
    taskFailedEventDetails ?? lambdaFunctionFailedEventDetails ?? executionFailedEventDetails;
  return details?.error ?? event.type ?? '';
}
