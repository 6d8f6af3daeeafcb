import type { ExecutionEnd } from '#adapters/local/workflow/workflow-engine.ts';
import { failureName } from '#domain/failure.ts';
import { objectCreated } from '#domain/workflow.ts';
import type { LocalDeployments } from './local-deployments.ts';

const RESEND_MS = 5000;

/**
 * Passes on each end of an execution. When a full disk kept an upload from being recorded, it sends the upload's event again after 5 s, as the sweep does on AWS.
 * It reports each problem; a full disk only once until there is room again.
 */
export function resending(deployments: LocalDeployments, onProblem: (error: unknown) => void) {
  const waiting = new Set<NodeJS.Timeout>();
  let isFull = false;
  let isStopped = false;

  function sendAgain({ input }: ExecutionEnd): void {
    const timer = setTimeout(() => {
      waiting.delete(timer);
      deployments.begin(objectCreated.parse(input)).catch(onProblem);
    }, RESEND_MS);
    waiting.add(timer);
  }

  function notRecorded(error: unknown, end: ExecutionEnd): void {
    const isKnown = isFull;
    isFull = failureName(error) === 'StorageFull';
    if (!(isKnown && isFull)) onProblem(error);
    // A command's request is not sent again: its user sees the problem and repeats the command.
    if (isFull && end.workflow === 'deploy') sendAgain(end);
  }

  return {
    async ended(end: ExecutionEnd): Promise<void> {
      if (isStopped) return;
      try {
        await deployments.ended(end);
        isFull = false;
      } catch (error) {
        notRecorded(error, end);
      }
    },
    stop(): void {
      isStopped = true;
      for (const timer of waiting) clearTimeout(timer);
    },
  };
}
