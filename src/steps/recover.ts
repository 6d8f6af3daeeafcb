import type { Deployment } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import { hasMovedTraffic } from '#domain/phase.ts';
import { recoveryInput, recoveryName } from '#domain/registry/recovery.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';

export type RecoverDeps = {
  readonly registry: Registry;
  readonly executions: Executions;
  /** How many executions a deployment gets before it is given up. */
  readonly mostAttempts: number;
};

/** How an execution ended; both are empty when it succeeded. */
export type How = { readonly error: string; readonly cause: string };

export const UNTOLD: How = { error: '', cause: 'its execution ended without saying why' };

/** The default for an account, where executions seldom die, and not because a person has stopped something. */
export const MOST_ATTEMPTS = 3;

// An execution may have ended before it owned the deployment, and so used up its name.
const NAMES = 3;

/**
 * Recovers a deployment whose execution is over but that no step has ended: after a Fail state, an uncaught error, a stop, or the state machine's own timeout.
 * Another execution continues it. After the last that it may have, or when none can be started any more, it is settled. A no-op for a deployment that runs, has ended, or belongs to another execution.
 */
export const recover =
  ({ registry, executions, mostAttempts }: RecoverDeps) =>
  async (
    execution: string,
    deploymentId: string,
    how: How,
  ): Promise<'started' | 'settled' | 'left'> => {
    const deployment = await registry.deployment(deploymentId);
    if (!deployment || deployment.endedAtMs !== null) return 'left';
    const isAnothers = deployment.execution !== execution;
    if (isAnothers || (await executions.isRunning(execution))) return 'left';
    if (await startAnother(executions, deployment, mostAttempts)) return 'started';
    await settle(registry, deployment, how);
    return 'settled';
  };

async function startAnother(
  executions: Executions,
  deployment: Deployment,
  mostAttempts: number,
): Promise<boolean> {
  // An aborted deployment gets one more attempt, to undo what it made.
  const most = deployment.trouble?.name === 'Aborted' ? mostAttempts + 1 : mostAttempts;
  if (deployment.attempt >= most) return false;
  for (let spent = 0; spent < NAMES; spent += 1) {
    const name = recoveryName(deployment, deployment.attempt + 1 + spent);
    const isStarted = await start(executions, deployment, name);
    if (isStarted || (await executions.isRunning(name))) return true;
  }
  return false;
}

async function start(
  executions: Executions,
  deployment: Deployment,
  name: string,
): Promise<boolean> {
  const { workflow, input } = recoveryInput(deployment);
  try {
    await executions.start(workflow, name, input);
    return true;
  } catch (error) {
    if (failureName(error) === 'InputInvalid') return false;
    throw error;
  }
}

async function settle(registry: Registry, { id, phase }: Deployment, how: How): Promise<void> {
  const { error, cause } = how;
  await registry.settle({
    deploymentId: id,
    reason: `the workflow ended in phase ${phase}${error && ` with ${error}`}${cause && `: ${cause}`}`,
    degraded: hasMovedTraffic(phase),
  });
}
