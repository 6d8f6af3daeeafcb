import { randomBytes } from 'node:crypto';
import type { Asked } from '#control/models.ts';
import {
  bringsVersion,
  type Deployment,
  type Model,
  type ModelVersion,
} from '#domain/deployment.ts';
import { Failure, failureName } from '#domain/failure.ts';
import { hasBegun, isTerminal } from '#domain/phase.ts';
import { requestName } from '#domain/registry/recovery.ts';
import { rollbackGoal } from '#domain/rollout/rollback-goal.ts';
import type { PromotionRequest, RollbackRequest, UndeployRequest } from '#domain/workflow.ts';
import type { Builds } from '#ports/builds.ts';
import type { Clock } from '#ports/clock.ts';
import type { Executions } from '#ports/executions.ts';
import type { Registry } from '#ports/registry.ts';
import type { recover } from '#steps/recover.ts';
import { requireDeployment } from '#steps/require-deployment.ts';
import { requireModel } from './model-status.ts';

export type ModelActions = {
  /** Makes a kept version live again: `to`, or for null the one that was live before. If it is null and a deployment is in progress, that is aborted instead. */
  rollback(model: string, to: number | null): Promise<Asked>;
  /** Removes all of the model; its history and its artifacts stay. */
  undeploy(model: string): Promise<Asked>;
  /** Gives up the deployment in progress. Fails with `PhaseConflict` when its version is already live. */
  abort(model: string): Promise<Asked>;
};

export type Deps = {
  readonly registry: Registry;
  readonly executions: Executions;
  readonly builds: Builds;
  /** Recovers a deployment whose execution is over. */
  readonly recover: ReturnType<typeof recover>;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<unknown>;
};

const ID_BYTES = 16;
const LONGEST_MS = 60_000;
const SOONEST_LOOK_MS = 20;
const LATEST_LOOK_MS = 1000;
const EVENTS = 100;

/** The actions on a model by its name, through their workflows; each returns once its workflow has begun. */
export function modelActions(deps: Deps): ModelActions {
  const { registry } = deps;
  return {
    async rollback(name, to) {
      await requireModel(registry, name);
      const begun = (await unended(registry, name)).find(isUnderWay);
      refuseUndeployed(begun);
      const known = to === null && begun ? await insteadOf(deps, begun) : undefined;
      return known ?? startRollback(deps, await requireModel(registry, name), to);
    },
    async undeploy(name) {
      const { live, newestDeploymentId, undeployedWith } = await requireModel(registry, name);
      const deployments = await unended(registry, name);
      const known = deployments.find(({ kind }) => kind === 'undeploy');
      if (known) return underWay(known.id, `${name} is already being undeployed`);
      const kept = (await registry.versions(name)).filter(canStart);
      const isNothing = !live && kept.length === 0 && deployments.length === 0;
      if (isNothing && undeployedWith === newestDeploymentId) {
        return nothing(`${name} has nothing deployed`);
      }
      const says = isNothing
        ? `${name} has nothing deployed; what became of its uploads is no longer shown`
        : `${name} is being undeployed: its endpoint and ${counted(kept.length)}`;
      const id = newId();
      const request: UndeployRequest = { kind: 'undeploy', deploymentId: id, model: name };
      const asked = await begin(deps, request, says);
      // A deployment in progress would go live only to be removed. Waiting deployments end by themselves.
      const begun = deployments.find(isUnderWay);
      if (begun)
        await unlessLive(() => abortDeployment(deps, begun, 'aborted by slipway undeploy'));
      return asked;
    },
    async abort(name) {
      const { live } = await requireModel(registry, name);
      const deployments = await unended(registry, name);
      const open = deployments.filter(({ phase }) => !isTerminal(phase));
      const deployment = open.find(isUnderWay) ?? open[0];
      refuseUndeployed(deployment);
      if (deployment) return abortDeployment(deps, deployment, 'aborted by slipway abort');
      if (deployments.length === 0) return nothing(`no deployment of ${name} is under way`);
      throw new Failure('PhaseConflict', `${live?.revision ?? name} is live already`, {
        fix: `Go back to the version before with \`slipway rollback ${name}\`.`,
      });
    },
  };
}

async function unended(registry: Registry, name: string): Promise<readonly Deployment[]> {
  return (await registry.unended()).filter(({ model }) => model === name);
}

function isUnderWay({ phase }: Deployment): boolean {
  return hasBegun(phase) && !isTerminal(phase);
}

function refuseUndeployed(deployment: Deployment | undefined): void {
  if (deployment?.phase !== 'Undeploying') return;
  throw new Failure(
    'PhaseConflict',
    `${deployment.model} is being undeployed, and that continues`,
    {
      fix: 'Upload the model again once it is gone.',
    },
  );
}

/** The effect of a rollback without a version while a deployment is in progress; undefined when that does not interfere. */
async function insteadOf(deps: Deps, begun: Deployment): Promise<Asked | undefined> {
  const { id, kind, model, version } = begun;
  if (kind === 'rollback')
    return underWay(id, `${model} is already going back to version ${version}`);
  if (!bringsVersion(kind)) return undefined;
  // If the version went live meanwhile, the rollback goes back from it.
  return unlessLive(() => abortDeployment(deps, begun, 'aborted by slipway rollback'));
}

async function unlessLive(abort: () => Promise<Asked>): Promise<Asked | undefined> {
  try {
    return await abort();
  } catch (error) {
    if (failureName(error) === 'PhaseConflict') return undefined;
    throw error;
  }
}

async function abortDeployment(deps: Deps, begun: Deployment, reason: string): Promise<Asked> {
  const { registry, executions } = deps;
  const { id, model, version } = begun;
  if (begun.trouble || begun.phase === 'RollingBack') {
    return underWay(id, `the deployment of ${model} is already being given up`);
  }
  const { events } = await registry.events({ after: '', limit: EVENTS, deploymentId: id });
  const trouble = { name: 'Aborted', reason, fix: '' };
  const { execution } = await registry.requestAbort(id, trouble);
  await executions.stop(execution);
  await poll(deps, `execution ${execution} did not end`, async () =>
    (await executions.isRunning(execution)) ? undefined : true,
  );
  // Step Functions only tries to stop the builds and tasks that a stopped execution has started, which may be after `begun` was read.
  // https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync
  const { phase } = await requireDeployment(registry, id);
  if (phase === 'Building') await deps.builds.stop(id);
  await deps.recover(execution, id, { error: 'States.Aborted', cause: reason });
  const what = version === null ? 'the deployment' : `the deployment of version ${version}`;
  return {
    kind: 'aborted',
    deploymentId: id,
    after: events.at(-1)?.cursor ?? '',
    says: `${what} is aborted; the live version of ${model} stays`,
  };
}

async function startRollback(deps: Deps, model: Model, to: number | null): Promise<Asked> {
  await endDrain(deps, model.name);
  const goal = goalOf(model, await deps.registry.versions(model.name), to);
  if (typeof goal === 'string') return nothing(goal);
  const request: RollbackRequest = {
    kind: 'rollback',
    deploymentId: newId(),
    model: model.name,
    to,
    reason: 'requested by slipway rollback',
  };
  return begin(deps, request, `${model.name} goes back to version ${goal.version}`);
}

/** A live deployment keeps its lease until the previous version has drained, which would delay a rollback to that version. */
async function endDrain(deps: Deps, model: string): Promise<void> {
  const { registry, executions } = deps;
  for (const { id, execution, phase } of await unended(registry, model)) {
    if (phase !== 'Live') continue;
    await executions.stop(execution);
    await poll(deps, `execution ${execution} did not end`, async () =>
      (await executions.isRunning(execution)) ? undefined : true,
    );
    await registry.settle({ deploymentId: id, reason: '', degraded: false });
  }
}

/** The version that AdmitRollback will choose, or why there is nothing to do. Fails with `InputInvalid` for a version that cannot start. */
function goalOf(
  model: Model,
  versions: readonly ModelVersion[],
  to: number | null,
): ModelVersion | string {
  const goal = rollbackGoal(model, versions, to);
  if (goal.kind === 'version') return goal.version;
  if (!goal.isWrong) return goal.reason;
  const others = versions.filter(canStart).map(({ version }) => version);
  const startable = others.filter((version) => version !== model.live?.version);
  throw new Failure('InputInvalid', goal.reason, {
    fix:
      startable.length > 0 ? `Those that can: ${startable.join(', ')}.` : 'No other version can.',
  });
}

function canStart({ state }: ModelVersion): boolean {
  return state !== 'Removed';
}

/** Starts the workflow, and waits until its first step has recorded the deployment: before that there is nothing to follow. */
export async function begin(
  deps: Pick<Deps, 'registry' | 'executions' | 'clock' | 'sleep'>,
  request: PromotionRequest | RollbackRequest | UndeployRequest,
  says: string,
): Promise<Asked> {
  const { kind, model, deploymentId } = request;
  const workflow = kind === 'repair' ? 'rollback' : kind;
  await deps.executions.start(workflow, requestName(kind, model, deploymentId, 1), request);
  await poll(deps, `the ${workflow} of ${model} did not begin`, () =>
    deps.registry.deployment(deploymentId),
  );
  return underWay(deploymentId, says);
}

async function poll<Found>(
  { clock, sleep }: Pick<Deps, 'clock' | 'sleep'>,
  problem: string,
  look: () => Promise<Found | undefined>,
): Promise<Found> {
  const endMs = clock.monotonicMs() + LONGEST_MS;
  for (let pauseMs = SOONEST_LOOK_MS; ; pauseMs = Math.min(LATEST_LOOK_MS, pauseMs * 2)) {
    const found = await look();
    if (found !== undefined) return found;
    if (clock.monotonicMs() >= endMs) {
      throw new Failure('PlatformUnavailable', `${problem} within ${LONGEST_MS / 1000} s`);
    }
    await sleep(pauseMs);
  }
}

function nothing(says: string): Asked {
  return { kind: 'nothing', deploymentId: null, after: '', says };
}

function underWay(deploymentId: string, says: string): Asked {
  return { kind: 'begun', deploymentId, after: '', says };
}

function counted(versions: number): string {
  return versions === 1 ? '1 version' : `${versions} versions`;
}

function newId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}
