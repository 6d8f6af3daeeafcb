import type { ExecutionEnd, WorkflowEngine } from '#adapters/local/workflow-engine.ts';
import { deploymentId } from '#domain/deployment.ts';
import { readKey } from '#domain/object-key.ts';
import { type ObjectCreated, objectCreated } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = {
  readonly engine: WorkflowEngine;
  readonly registry: Registry;
  readonly settle: (end: ExecutionEnd & { readonly event: ObjectCreated }) => Promise<void>;
  /** Tells the bucket that a version's event was dealt with, so that it is not sent again. */
  readonly acknowledge: (key: string, versionId: string) => Promise<void>;
};

export type LocalDeployments = {
  /** Starts the execution of a version's event. The bucket sends an event again until it is acknowledged, so a deployment that a killed Slipway left is taken up here too, by a recovery. */
  begin(event: ObjectCreated): Promise<void>;
  ended(end: ExecutionEnd): Promise<void>;
};

const HASH_IN_NAME = 16;

/** What EventBridge's rule and the sweep do on AWS: an execution for each new version, another for one whose execution died. */
export function localDeployments({
  engine,
  registry,
  settle,
  acknowledge,
}: Deps): LocalDeployments {
  async function begin(event: ObjectCreated): Promise<void> {
    const { bucket, object } = event.detail;
    const versionId = object['version-id'] ?? '';
    const id = await deploymentId(bucket.name, object.key, versionId);
    const known = await registry.deployment(id);
    if (known && known.endedAtMs !== null) {
      await acknowledge(object.key, versionId);
      return;
    }
    if (known && (await engine.isRunning(known.execution))) return;
    const meaning = readKey(object.key);
    const model = 'model' in meaning ? meaning.model : 'upload';
    const attempt = (known?.attempt ?? 0) + 1;
    await engine.start(
      `${model}-${id.slice(0, HASH_IN_NAME)}-a${attempt}`,
      known ? { ...event, recovery: { deploymentId: id } } : event,
    );
  }

  return {
    begin,
    async ended(end) {
      const event = objectCreated.parse(end.input);
      await settle({ ...end, event });
      const { object } = event.detail;
      await acknowledge(object.key, object['version-id'] ?? '');
    },
  };
}
