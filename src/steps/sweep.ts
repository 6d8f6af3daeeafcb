import type { Deployment } from '#domain/deployment.ts';
import type { Target } from '#domain/placement/target.ts';
import type { ExecutionEnd } from '#domain/registry/sweep-event.ts';
import type { ArtifactStore } from '#ports/artifact-store.ts';
import type { Clock } from '#ports/clock.ts';
import type { UnusedEnvironments } from '#ports/environment-images.ts';
import type { Executions } from '#ports/executions.ts';
import type { ModelImages } from '#ports/model-images.ts';
import type { Platforms } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { type RecoverDeps, recover, UNTOLD } from './recover.ts';
import { each, type Part } from './sweep-each.ts';
import { removeUnusedEnvironments } from './sweep-environments.ts';
import { freeDeadLeases } from './sweep-leases.ts';
import { repairModels } from './sweep-models.ts';
import { removeUnreferenced } from './sweep-revisions.ts';
import { startLostUploads } from './sweep-uploads.ts';

export type SweepDeps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly router: Router;
  readonly platforms: Platforms;
  readonly images: ModelImages;
  /** Null where unused environments expire by themselves. */
  readonly unusedEnvironments: UnusedEnvironments | null;
  readonly executions: Executions;
  /** How many executions a deployment gets before it is given up. */
  readonly mostAttempts: number;
  readonly clock: Clock;
  readonly bucket: string;
  /** The targets that this installation offers. */
  readonly offered: readonly Target[];
  /** How long until a started execution shows as running: 0 on one machine. */
  readonly executionGraceMs: number;
  /** How long an upload's own event may take to arrive. */
  readonly uploadGraceMs: number;
  /** Gives the front door the settings that it should have; answers its name where it lacked some. */
  readonly settleFront: () => Promise<string | undefined>;
};

/**
 * The repairs of a sweep: deployments recovered or settled, models whose leases were freed, executions started for lost uploads, executions started to repair models (or models whose route was removed, or the API whose stage was changed), and revisions, images and environments removed.
 */
export type Swept = {
  readonly recovered: readonly string[];
  readonly freed: readonly string[];
  readonly started: readonly string[];
  readonly repaired: readonly string[];
  readonly removed: readonly string[];
};

/**
 * Puts right what nothing else does: executions that died silently, leases that outlived their deployments, uploads whose event was lost, traffic and revisions that differ from the registry.
 * One run reads at most the first hundred pages of the store's listing under `models/`: on AWS 100,000 versions.
 * A failure does not stop the rest; the first one is thrown at the end.
 */
export const sweep = (deps: SweepDeps) => async (): Promise<Swept> => {
  const recovered = await recoverDead(deps);
  const freed = await freeDeadLeases(deps);
  const started = await startLostUploads(deps);
  // Before the repairs, since a model under repair is left alone: its orphans would wait for the next sweep.
  const removed = await removeUnreferenced(deps);
  const repaired = await repairModels(deps);
  const environments = await removeUnusedEnvironments(deps);
  const front = await each(async () => ['front'], deps.settleFront);

  const parts = { recovered, freed, started, repaired, removed, environments, front };
  const [failure] = Object.values(parts).flatMap(({ failures }) => failures);
  if (failure) throw failure;
  return {
    recovered: recovered.done,
    freed: freed.done,
    started: started.done,
    repaired: [...repaired.done, ...front.done],
    removed: [...removed.done, ...environments.done],
  };
};

/** Recovers the deployment of an execution that is reported to be over. */
export const recoverEnded =
  (deps: RecoverDeps) =>
  async ({ executionArn, status, error, cause }: ExecutionEnd): Promise<void> => {
    const open = await deps.registry.unended();
    const deployment = open.find(({ execution }) => execution === executionArn);
    if (!deployment) return;
    await recover(deps)(executionArn, deployment.id, {
      error: error || status,
      cause: cause ?? '',
    });
  };

async function recoverDead(deps: SweepDeps): Promise<Part> {
  const { registry, clock, executionGraceMs } = deps;
  const isDue = ({ admittedAtMs }: Deployment) => admittedAtMs <= clock.now() - executionGraceMs;
  return each(
    async () => (await registry.unended()).filter(isDue),
    async ({ id, execution }) => {
      const outcome = await recover(deps)(execution, id, UNTOLD);
      return outcome === 'left' ? undefined : id;
    },
  );
}
