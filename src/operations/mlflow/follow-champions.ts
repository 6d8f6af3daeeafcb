import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Slipway } from '#control/slipway.ts';
import { Failure, failureName } from '#domain/failure.ts';
import { nearestModelName } from '#domain/identity.ts';
import { isOver } from '#domain/phase.ts';
import type { Champion, MlflowRegistry } from './mlflow-registry.ts';

type Deps = {
  readonly registry: MlflowRegistry;
  readonly slipway: Pick<
    Slipway,
    'endpoint' | 'listModels' | 'listVersions' | 'readDeployment' | 'rollBack' | 'upload'
  >;
  /** Names this Slipway in MLflow's tags: `slipway`, or `slipway.STAGE` for a stage of an account. */
  readonly place: string;
  /** Gets a line about each move, outcome and problem. */
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
};

/** The last move that was made for a model: MLflow's version, its deployment (empty if none was needed), and whether its outcome is in MLflow. */
type Move = { readonly version: string; readonly deploymentId: string; readonly isTold: boolean };

// A later attempt cannot change these: the same bytes would be refused again.
const FINAL = ['ArtifactRejected', 'InputInvalid'];
const MANIFEST = 'model.yaml';

/**
 * Brings Slipway to what MLflow's registry says now, and MLflow to how that ended; once, for all models.
 * A version with the alias `champion` is deployed, or brought back without a build if a kept version has its bytes.
 * The last move of a model is a tag of it in MLflow, so each move is made once, whoever asks how often, and a rollback in Slipway stays until the alias moves again.
 * A problem with one model is reported, and keeps no other one waiting.
 * Answers whether a deployment is under way, whose outcome a later look will find.
 */
export async function followChampions(deps: Deps): Promise<boolean> {
  const champions = await deps.registry.champions();
  const names = new Map(champions.map(({ model }) => [model, nearestModelName(model)]));
  let isUnderWay = false;
  for (const champion of champions) {
    if (deps.signal.aborted) break;
    const name = names.get(champion.model);
    const others = [...names].filter(([model, each]) => each === name && model !== champion.model);
    try {
      if (name === undefined || others.length > 0) refuseName(champion.model, name, others);
      else isUnderWay = (await followOne(deps, champion, name)) || isUnderWay;
    } catch (error) {
      deps.report(`${champion.model}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return isUnderWay;
}

function refuseName(model: string, name: string | undefined, others: readonly [string, unknown][]) {
  throw new Failure(
    'InputInvalid',
    name === undefined
      ? `${model} has no letter or digit for a model's name`
      : `${model} and ${others.map(([other]) => other).join(', ')} would both be the model ${name}`,
    { fix: 'Rename one of them in MLflow.' },
  );
}

async function followOne(deps: Deps, champion: Champion, name: string): Promise<boolean> {
  const { model, version } = champion;
  const key = `${deps.place}.champion`;
  const last = readMove(champion.tags[key]);
  if (last?.version === version && last.isTold) return false;
  if (last?.version === version) {
    const isTold = await tellOutcome(deps, champion, last.deploymentId);
    if (isTold) await deps.registry.setModelTag(model, key, written({ ...last, isTold }));
    return !isTold;
  }
  const deploymentId = await move(deps, champion, name);
  if (deploymentId === undefined) return true;
  const isTold = deploymentId === '';
  await deps.registry.setModelTag(model, key, written({ version, deploymentId, isTold }));
  return !isTold;
}

/** Makes the champion live; returns the deployment that does so, empty if nothing has to be done or can be, and undefined where that shows only later. */
async function move(
  deps: Deps,
  { model, version }: Champion,
  name: string,
): Promise<string | undefined> {
  const { slipway, report } = deps;
  const prefix = `models/${name}/mlflow-${version}/`;
  const { models } = await slipway.listModels({ costs: false });
  const known = models.find((each) => each.name === name);
  const { versions } = known ? await slipway.listVersions({ name }) : { versions: [] };
  const same = versions.filter(
    ({ artifact, state }) => artifact.startsWith(prefix) && state !== 'Removed',
  );
  try {
    // Until the version before has drained, its state is Live too.
    if (same.some(({ version: each }) => each === known?.live?.version)) {
      // A deployment that is under way may make another one live in a moment.
      if (known?.newest && !isOver(known.newest.phase)) return undefined;
      await tell(deps, { model, version }, { state: 'Live', reason: '' });
      return '';
    }
    const [kept] = same;
    const { deploymentId, says } = kept
      ? await slipway.rollBack({ name, to: kept.version })
      : {
          deploymentId: await upload(deps, { model, version }, prefix),
          says: `${name} is uploaded`,
        };
    report(`${model} version ${version}: ${says}`);
    return deploymentId ?? '';
  } catch (error) {
    if (!(error instanceof Failure) || !FINAL.includes(error.name)) throw error;
    const reason = `${error.message}${error.fix && ` → ${error.fix}`}`;
    await tell(deps, { model, version }, { state: 'Failed', reason });
    return '';
  }
}

/** Copies the version's files to the bucket, the manifest last; returns the deployment which that starts. */
async function upload(
  { registry, slipway, signal }: Deps,
  { model, version }: Pick<Champion, 'model' | 'version'>,
  prefix: string,
): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-mlflow-'));
  try {
    const files = await registry.download(model, version, folder);
    const send = (name: string, file: string | null) =>
      slipway.upload({ key: prefix + name, file, signal, onSent: () => {} });
    for (const file of files.filter((name) => name !== MANIFEST)) {
      await send(file, join(folder, file));
    }
    const own = files.includes(MANIFEST) ? join(folder, MANIFEST) : null;
    return (await send(MANIFEST, own)).deploymentId;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Whether the deployment is over; its outcome is then in MLflow. */
async function tellOutcome(deps: Deps, champion: Champion, id: string): Promise<boolean> {
  const deployment = await deps.slipway.readDeployment({ id }).catch((error: unknown) => {
    // An upload is admitted a moment after it has arrived.
    if (failureName(error) === 'InputInvalid') return undefined;
    throw error;
  });
  if (!deployment || !isOver(deployment.phase)) return false;
  const { phase: state, version, trouble } = deployment;
  const reason = trouble ? `${trouble.reason}${trouble.fix && ` → ${trouble.fix}`}` : '';
  await tell(deps, champion, { state, reason, ...(version && { version }) });
  return true;
}

type Outcome = { readonly state: string; readonly reason: string; readonly version?: number };

async function tell(
  { registry, place, report, slipway }: Deps,
  { model, version }: Pick<Champion, 'model' | 'version'>,
  outcome: Outcome,
): Promise<void> {
  const name = nearestModelName(model) ?? model;
  const tags: Record<string, string> = {
    state: outcome.state,
    reason: outcome.reason,
    endpoint: slipway.endpoint(name),
    ...(outcome.version !== undefined && { version: String(outcome.version) }),
  };
  for (const [key, value] of Object.entries(tags)) {
    await registry.setVersionTag(model, version, `${place}.${key}`, value);
  }
  report(`${model} version ${version}: ${outcome.state}${outcome.reason && `, ${outcome.reason}`}`);
}

function readMove(text: string | undefined): Move | undefined {
  const [version, deploymentId = '', told] = text?.split(' ') ?? [];
  return version === undefined ? undefined : { version, deploymentId, isTold: told === 'told' };
}

function written({ version, deploymentId, isTold }: Move): string {
  return [version, deploymentId || '-', ...(isTold ? ['told'] : [])].join(' ');
}
