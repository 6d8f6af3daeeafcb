import * as z from 'zod/mini';
import type { ExecutionEnd } from '#adapters/local/workflow/workflow-engine.ts';
import { type Deployment, deploymentId } from '#domain/deployment.ts';
import { executionName } from '#domain/execution-name.ts';
import { Failure } from '#domain/failure.ts';
import { readTrouble } from '#domain/trouble.ts';
import {
  type ObjectCreated,
  objectCreated,
  promotionRequest,
  rollbackRequest,
  undeployRequest,
} from '#domain/workflow.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';
import type { How, recover } from '#steps/recover.ts';

type Deps = {
  readonly engine: Executions;
  readonly registry: Registry;
  readonly recover: ReturnType<typeof recover>;
  /** Acknowledges a version's event, so that the bucket does not send it again. */
  readonly acknowledge: (key: string, versionId: string) => Promise<void>;
};

/** More than in an account: each stop of Slipway ends an execution, and says nothing against its deployment; but a deployment may also be what ends Slipway, each time that it is taken up. */
export const MOST_LOCAL_ATTEMPTS = 10;

const STOPPED: How = {
  error: '',
  cause: 'Slipway was stopped or killed each time that it was under way; drop it again',
};

export type LocalDeployments = {
  /** Starts the execution for a version's event. The bucket redelivers an event until it is acknowledged, so this also resumes a deployment that a killed Slipway left. */
  begin(event: ObjectCreated): Promise<void>;
  /** Recovers the deployment of an execution that is over. Fails when the execution ended before it owned the deployment: then the bucket redelivers its event. */
  ended(end: ExecutionEnd): Promise<void>;
};

const request = z.union([promotionRequest, rollbackRequest, undeployRequest]);

/** Does what EventBridge's rules do on AWS: starts an execution for each new version, and another when it died. */
export function localDeployments(deps: Deps): LocalDeployments {
  const { engine, registry, acknowledge } = deps;

  return {
    async begin(event) {
      const { id, key, versionId } = await identify(event);
      const known = await registry.deployment(id);
      if (!known) return engine.start('deploy', executionName(key, id, 1), event);
      if (known.endedAtMs === null) await deps.recover(known.execution, id, STOPPED);
      if (await hasEnded(registry, id)) await acknowledge(key, versionId);
    },
    async ended(end) {
      if (end.workflow !== 'deploy') {
        const { deploymentId: id, kind, model } = request.parse(end.input);
        await takeUp(deps, id, `the ${kind} of ${model}`, end);
        return;
      }
      const { id, key, versionId } = await identify(objectCreated.parse(end.input));
      const isDone = await takeUp(deps, id, key, end);
      if (isDone) await acknowledge(key, versionId);
    },
  };
}

/** Whether nothing is left to do; fails when the deployment of `what` still waits for an execution that can continue it. */
async function takeUp(
  { engine, registry, recover }: Deps,
  id: string,
  what: string,
  end: ExecutionEnd,
): Promise<boolean> {
  if ((await recover(end.execution, id, end)) === 'started') return false;
  const deployment = await registry.deployment(id);
  if (!end.error || isOver(deployment)) return true;
  if (deployment && (await engine.isRunning(deployment.execution))) return false;
  throw unfinished(what, end);
}

async function identify({ detail: { bucket, object } }: ObjectCreated) {
  const versionId = object['version-id'] ?? '';
  const id = await deploymentId(bucket.name, object.key, versionId);
  return { id, key: object.key, versionId };
}

async function hasEnded(registry: Registry, id: string): Promise<boolean> {
  return isOver(await registry.deployment(id));
}

function isOver(deployment: Deployment | undefined): boolean {
  return (deployment?.endedAtMs ?? null) !== null;
}

function unfinished(what: string, { workflow, error, cause }: ExecutionEnd): Failure {
  const { reason, fix } = readTrouble({ Error: error, Cause: cause });
  const message = `${what} was not admitted: ${reason}`;
  if (error === 'StorageFull') return new Failure(error, message, { fix });
  const again =
    workflow === 'deploy' ? 'Then start Slipway again, which retries it.' : 'Request it again.';
  return new Failure('PlatformUnavailable', message, { fix: `${fix} ${again}`.trimStart() });
}
