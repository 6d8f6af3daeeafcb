import type { ExecutionEnd } from '#adapters/local/workflow-engine.ts';
import { deploymentId } from '#domain/deployment.ts';
import { executionName } from '#domain/execution-name.ts';
import { Failure } from '#domain/failure.ts';
import { readTrouble } from '#domain/trouble.ts';
import { type ObjectCreated, objectCreated } from '#domain/workflow.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = {
  readonly engine: Executions;
  readonly registry: Registry;
  readonly settle: (end: ExecutionEnd & { readonly event: ObjectCreated }) => Promise<void>;
  /** Tells the bucket that a version's event was dealt with, so that it is not sent again. */
  readonly acknowledge: (key: string, versionId: string) => Promise<void>;
};

export type LocalDeployments = {
  /** Starts the execution of a version's event. The bucket sends an event again until it is acknowledged, so a deployment that a killed Slipway left is taken up here too, by a recovery. */
  begin(event: ObjectCreated): Promise<void>;
  /** Settles the deployment of an execution that is over. Fails when it ended before the deployment was its own: then the bucket sends its event again. */
  ended(end: ExecutionEnd): Promise<void>;
};

/** What EventBridge's rule and the sweep do on AWS: an execution for each new version, another for one whose execution died. */
export function localDeployments({
  engine,
  registry,
  settle,
  acknowledge,
}: Deps): LocalDeployments {
  return {
    async begin(event) {
      const { id, key, versionId } = await identify(event);
      const known = await registry.deployment(id);
      if (known && known.endedAtMs !== null) return acknowledge(key, versionId);
      if (known && (await engine.isRunning(known.execution))) return;
      await engine.start(
        executionName(key, id, (known?.attempt ?? 0) + 1),
        known ? { ...event, recovery: { deploymentId: id } } : event,
      );
    },
    async ended(end) {
      const event = objectCreated.parse(end.input);
      const { id, key, versionId } = await identify(event);
      await settle({ ...end, event });
      if (end.error && !(await hasEnded(registry, id))) throw unfinished(key, end);
      await acknowledge(key, versionId);
    },
  };
}

async function identify({ detail: { bucket, object } }: ObjectCreated) {
  const versionId = object['version-id'] ?? '';
  const id = await deploymentId(bucket.name, object.key, versionId);
  return { id, key: object.key, versionId };
}

async function hasEnded(registry: Registry, id: string): Promise<boolean> {
  const deployment = await registry.deployment(id);
  return (deployment?.endedAtMs ?? null) !== null;
}

function unfinished(key: string, { error, cause }: ExecutionEnd): Failure {
  const { reason, fix } = readTrouble({ Error: error, Cause: cause });
  const message = `${key} was not admitted: ${reason}`;
  if (error === 'StorageFull') return new Failure(error, message, { fix });
  return new Failure('PlatformUnavailable', message, {
    fix: `${fix} Then start Slipway again: it is tried again.`.trimStart(),
  });
}
