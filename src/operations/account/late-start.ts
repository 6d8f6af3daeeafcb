import type { Uploaded } from '#control/slipway.ts';
import { executionName } from '#domain/execution-name.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = {
  readonly registry: Pick<Registry, 'deployment'>;
  readonly executions: Pick<Executions, 'start'>;
  readonly bucket: string;
  readonly sleep: (ms: number) => Promise<unknown>;
};

/** Longer than S3, EventBridge and admission take together, which is a few seconds. */
const LATE_MS = 20_000;

/**
 * Starts the deployment of an upload whose event never reached the workflow: for some five minutes after a bucket was made, S3 may send EventBridge nothing.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-event-notifications-eventbridge.html
 * An event that comes later finds the deployment known, and the sweep, which starts lost ones, gives the execution the same name. It never fails: a caller who may not start executions waits for the event or the sweep.
 */
export async function startIfLate(
  { registry, executions, bucket, sleep }: Deps,
  { key, versionId, deploymentId }: Uploaded,
): Promise<void> {
  if (deploymentId === null) return;
  const event: ObjectCreated = {
    detail: { bucket: { name: bucket }, object: { key, 'version-id': versionId } },
  };
  try {
    await sleep(LATE_MS);
    if (await registry.deployment(deploymentId)) return;
    await executions.start('deploy', executionName(key, deploymentId, 1), event);
  } catch {
    // The upload waits for S3's own event, or for the sweep.
  }
}
