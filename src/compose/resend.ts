import type { ExecutionEnd } from '#adapters/local/workflow-engine.ts';
import { failureName } from '#domain/failure.ts';
import { objectCreated } from '#domain/workflow.ts';
import type { LocalDeployments } from './local-deployments.ts';

const RESEND_MS = 5000;

/**
 * Hands each end of an execution on. An upload that a full disk kept from being recorded has its event sent again after 5 s, as the sweep does on AWS.
 * A problem is reported, that of the full disk once until there is room again.
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
    // What was asked for by a command is asked for again by whoever sees the problem.
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
