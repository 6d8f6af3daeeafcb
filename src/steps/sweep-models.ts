import type { Deployment, Model, ModelVersion } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import { mechanismOf } from '#domain/placement/target.ts';
import { nextRepairMs, repairsInARow } from '#domain/registry/repair-pace.ts';
import {
  repairRequest,
  type SweepRequest,
  undeployRequest,
} from '#domain/registry/sweep-request.ts';
import { isSameShares } from '#domain/rollout/shares.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { Platforms, RevisionState } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { each, type Part } from './sweep-each.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly platforms: Platforms;
  readonly executions: Executions;
  readonly clock: Clock;
};

type Looks = Deps & { readonly functions: () => Promise<ReadonlySet<string>> };

/**
 * Repairs each model whose traffic, live revision or old versions differ from the registry, unless a deployment of it is under way.
 * Returns the executions that it started, and the models whose route it removed.
 */
export function repairModels(deps: Deps): Promise<Part> {
  const looks = { ...deps, functions: functionList(deps.platforms) };
  return each(
    () => idleModels(deps.registry),
    (model) => (model.live ? repairLive(looks, model, model.live) : clearUnlive(deps, model)),
  );
}

/** The models of which no deployment is under way. */
export async function idleModels(
  registry: Pick<Registry, 'unended' | 'models'>,
): Promise<readonly Model[]> {
  const open = await registry.unended();
  return (await registry.models()).filter((model) => !isBusy(open, model));
}

function isBusy(open: readonly Deployment[], { name }: Pick<Model, 'name'>): boolean {
  return open.some(({ model }) => model === name);
}

/** Probing a function starts its server, which is billed, and Lambda starts it on demand anyway. So one listing tells for all models whether their functions exist. */
function functionList({ lambda }: Platforms): () => Promise<ReadonlySet<string>> {
  let list: Promise<ReadonlySet<string>> | undefined;
  return () => {
    list ??= lambda.revisions().then((all) => new Set(all.map(({ revision }) => revision)));
    return list;
  };
}

async function repairLive(
  deps: Looks,
  model: Model,
  live: ModelVersion,
): Promise<string | undefined> {
  const nowMs = deps.clock.now();
  // A model that repairs do not mend is not repaired at every sweep.
  if (nowMs < nextRepairMs(model)) return undefined;
  const reason = await trouble(deps, live);
  if (reason === undefined || !(await isUnchanged(deps.registry, model))) return undefined;
  const inARow = repairsInARow(model, nowMs);
  return startOnce(deps.executions, await repairRequest(live, { reason, inARow }, nowMs));
}

/** A model without a live version must have no traffic and no version that could start again; otherwise an undeploy was left unfinished. */
async function clearUnlive(deps: Deps, model: Model): Promise<string | undefined> {
  const { registry, router, executions, clock } = deps;
  const versions = await registry.versions(model.name);
  const isKept = versions.some(({ state }) => state !== 'Removed');
  const shares = await router.shares(model.name);
  if (!isKept && isSameShares(shares, {})) return undefined;
  const lease = await registry.lease(model.name);
  if (!lease || !(await isUnchanged(registry, model))) return undefined;
  if (isKept) return startOnce(executions, await undeployRequest(model, clock.now()));
  return unlessOvertaken(async () => {
    await router.remove(model.name, lease.epoch);
    return model.name;
  });
}

/** The fault of a live model; undefined when it has none. */
async function trouble(
  { registry, router, platforms, functions }: Looks,
  live: ModelVersion,
): Promise<string | undefined> {
  const { model, version, revision, target } = live;
  const shares = await router.shares(model);
  if (!isSameShares(shares, { [revision]: 100 })) {
    return `${revision} is live, but the shares were ${JSON.stringify(shares)}`;
  }
  const fault =
    mechanismOf(live) === 'container'
      ? faultOf(await platforms[target].describe(revision, { waitMs: 0 }))
      : (await functions()).has(revision)
        ? undefined
        : faultOf({ kind: 'absent' });
  if (fault !== undefined) return `${revision} is live, but it ${fault}`;
  for (const other of await registry.versions(model)) {
    if (other.version !== version && (await isServing(platforms, other))) {
      return `${other.revision} no longer serves, but was not retired`;
    }
  }
  return undefined;
}

function faultOf(state: RevisionState): string | undefined {
  switch (state.kind) {
    case 'absent':
      return 'was gone';
    case 'failed':
      return `had failed: ${state.reason}`;
    case 'pending':
    case 'ready':
      return undefined;
  }
}

/** A retired container revision that is ready still runs: a rollback that began to start it was given up. A published version of a function is always ready. */
async function isServing(platforms: Platforms, version: ModelVersion): Promise<boolean> {
  const { state, target, revision } = version;
  if (state === 'Live') return true;
  if (state === 'Removed' || mechanismOf(version) !== 'container') return false;
  return (await platforms[target].describe(revision, { waitMs: 0 })).kind === 'ready';
}

/** Whether the model is unchanged since it was read and no deployment is under way, so that no deployment caused the deviation. */
export async function isUnchanged(registry: Registry, { name, live }: Model): Promise<boolean> {
  if (isBusy(await registry.unended(), { name })) return false;
  return (await registry.model(name))?.live?.liveAtMs === live?.liveAtMs;
}

/** Undefined when it was already requested: an execution of that name has run. */
export async function startOnce(
  executions: Executions,
  { workflow, name, input }: SweepRequest,
): Promise<string | undefined> {
  try {
    await executions.start(workflow, name, input);
    return name;
  } catch (error) {
    if (failureName(error) === 'InputInvalid') return undefined;
    throw error;
  }
}

/** Undefined when a deployment has taken the model's lease in the meantime. */
export async function unlessOvertaken<Answer>(
  change: () => Promise<Answer>,
): Promise<Answer | undefined> {
  try {
    return await change();
  } catch (error) {
    if (failureName(error) === 'LeaseLost') return undefined;
    throw error;
  }
}
