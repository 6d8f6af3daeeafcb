import { deploymentId } from '#domain/deployment.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = { readonly registry: Registry; readonly artifacts: ArtifactStore };

/** An execution that has ended; `error` and `cause` are empty when it succeeded. */
type Ended = {
  readonly event: ObjectCreated;
  readonly execution: string;
  readonly error: string;
  readonly cause: string;
};

/**
 * Ends the deployment of an execution that is over when no step has: after a Fail state, an error that nothing catches, a stop, or the machine's own timeout.
 * Called for every execution that ends; one that ended well, or whose deployment now belongs to another execution, is left as it is.
 */
export const settle =
  ({ registry, artifacts }: Deps) =>
  async ({ event, execution, error, cause }: Ended): Promise<void> => {
    const id = await idOf(artifacts, event);
    const deployment = id === undefined ? undefined : await registry.deployment(id);
    if (deployment?.execution !== execution) return;
    await registry.settle({
      deploymentId: deployment.id,
      reason: `the workflow ended in phase ${deployment.phase}${error && ` with ${error}`}${cause && `: ${cause}`}`,
      degraded: ['Shifting', 'Baking', 'RollingBack'].includes(deployment.phase),
    });
  };

async function idOf(
  artifacts: ArtifactStore,
  { detail }: ObjectCreated,
): Promise<string | undefined> {
  const { bucket, object } = detail;
  const versionId =
    object['version-id'] ?? (await artifacts.latest(bucket.name, object.key))?.versionId;
  return versionId === undefined ? undefined : deploymentId(bucket.name, object.key, versionId);
}
