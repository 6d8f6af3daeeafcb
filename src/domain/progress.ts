import type { Measurement } from '#domain/build/measurement.ts';
import type { Judgement } from '#domain/comparison/judgement.ts';
import { withKept } from '#domain/registry/kept.ts';
import {
  end,
  freeLease,
  type HeldRecords,
  type Holder,
  holderWrite,
} from '#domain/registry/lease.ts';
import type { Change, RegistryWrite } from '#domain/registry/write.ts';
import { announcePhase, announceStart, announceVersion } from './announce.ts';
import type {
  Advice,
  AwaitedContainers,
  BakeRecord,
  Damage,
  Deployment,
  DeploymentWork,
  Intent,
  Model,
  ModelVersion,
  Trouble,
  VersionState,
} from './deployment.ts';
import type { Announcement } from './event.ts';
import { Failure } from './failure.ts';
import { INCIDENT_QUIET_MS, type Incident } from './incident.ts';
import { isTerminal, mayMove, type Phase, unfinished } from './phase.ts';
import { CONTAINERS_HOURS, TURN_CONTAINERS_ON } from './placement/awaited-containers.ts';
import { partsOf, startingOf } from './placement/cold-start.ts';
import type { NotedStart } from './placement/noted-start.ts';
import type { Spent } from './placement/spending.ts';
import { placementOf } from './placement/target.ts';

/** The phases that `advance` moves a deployment to; `admit`, `refuse`, `acquireLease` and `commit` reach the others. */
export type StepPhase = Exclude<Phase, 'Live' | 'Ignored'>;

export type Ending = {
  readonly deploymentId: string;
  readonly reason: string;
  readonly degraded: boolean;
  /** Details beyond the reason, where more is known than the end of the execution. */
  readonly trouble?: Trouble;
  /** Its final phase where that is not a failure: rejected, or superseded while it held no lease. */
  readonly to?: 'Rejected' | 'Superseded' | undefined;
};

/** Decides `Registry.advance`. */
export function advance(
  holder: Holder,
  to: StepPhase,
  work: DeploymentWork,
  announcement: Announcement,
): RegistryWrite<Deployment> {
  return holderWrite(holder, (records, nowMs) => {
    const { deployment } = records.deployment;
    if (deployment.phase === to) return { answer: deployment };
    const moved = move(deployment, to, nowMs);
    const judgement = judgementIn(deployment, work, nowMs);
    const start = to === 'Ready' ? startIn(deployment, nowMs) : undefined;
    const change = announced(records, { ...moved, work: { ...moved.work, ...work } }, announcement);
    return { ...change, ...(judgement && { judgement }), ...(start && { start }) };
  });
}

/** A verdict for which both versions were asked anew. */
function judgementIn(
  { id, model }: Deployment,
  { comparison }: DeploymentWork,
  nowMs: number,
): Judgement | undefined {
  if (comparison?.pair === undefined || comparison.earlier) return undefined;
  return { model, pair: comparison.pair, deploymentId: id, atMs: nowMs };
}

/** The start of the candidate, where it is known how long it took. */
function startIn(deployment: Deployment, nowMs: number): NotedStart | undefined {
  const { target, startMs, fromSpare } = deployment.work.candidate ?? {};
  if (!target || !startMs) return undefined;
  const starting = startingOf(deployment);
  const { runtime } = starting;
  const kind = { target, runtime, deploymentId: deployment.id };
  const took = { seconds: startMs / 1000, atMs: nowMs, ...(fromSpare && { fromSpare }) };
  return { ...kind, ...partsOf(starting), ...took };
}

/** The findings of a step. Only `recordLook` writes a bake that has begun. */
export type StepWork = Omit<DeploymentWork, 'bake'>;

/** A bake after its look number `looks`, counted over all steps of the shift. */
export type LookedBake = BakeRecord & { readonly looks: number };

/** Decides `Registry.recordLook`. */
export function recordLook(
  holder: Holder,
  bake: LookedBake,
  breach: Trouble | null,
): RegistryWrite<Deployment | undefined> {
  return holderWrite<Deployment | undefined>(holder, ({ deployment: record }) => {
    const { deployment } = record;
    const { work, trouble } = deployment;
    if (isSameBake(work.bake, bake)) return { answer: deployment };
    if (bake.looks !== (work.bake?.looks ?? 0) + 1) return { answer: undefined };
    const looked = { ...deployment, work: { ...work, bake }, trouble: trouble ?? breach };
    return { answer: looked, deployment: { ...record, deployment: looked } };
  });
}

/** Decides `Registry.recordWork`. */
export function recordWork(holder: Holder, work: StepWork): RegistryWrite<Deployment> {
  return holderWrite(holder, ({ deployment: record }, nowMs) => {
    const before = record.deployment;
    const deployment = { ...before, work: { ...before.work, ...work } };
    const change = { answer: deployment, deployment: { ...record, deployment } };
    const { awaits } = deployment.work;
    if (awaits && !before.work.awaits) {
      return { ...change, ...announceStart(change.deployment, 'Waiting', awaited(awaits, nowMs)) };
    }
    const [waited, waits] = [before.work.candidate?.waitsFor, deployment.work.candidate?.waitsFor];
    if ((waited === undefined) === (waits === undefined)) return change;
    const state = waits === undefined ? 'Provisioning' : 'Waiting';
    return {
      ...change,
      ...announceStart(change.deployment, state, { reason: waits ?? '', nowMs }),
    };
  });
}

function awaited(
  { reason, target, modelUsd, stackUsd, untilMs }: AwaitedContainers,
  nowMs: number,
) {
  return {
    nowMs,
    reason,
    fix: `${TURN_CONTAINERS_ON}: the deployment goes on by itself then. It is Rejected after ${CONTAINERS_HOURS} h without them.`,
    data: {
      awaits: 'containers',
      target,
      stackUsdPerMonth: stackUsd,
      modelUsdPerMonth: modelUsd,
      until: new Date(untilMs).toISOString(),
    },
  };
}

/** Decides `Registry.recordIntent`. */
export function recordIntent(holder: Holder, intent: Intent): RegistryWrite<Deployment> {
  return amend(holder, ({ intents }) => ({
    intents: intents.some((known) => isSame(known, intent)) ? intents : [...intents, intent],
  }));
}

/** Decides `Registry.settleIntent`. */
export function settleIntent(holder: Holder, intent: Intent): RegistryWrite<Deployment> {
  return amend(holder, ({ intents }) => ({
    intents: intents.filter((known) => !isSame(known, intent)),
  }));
}

/** Decides `Registry.recordTrouble`. */
export function recordTrouble(holder: Holder, trouble: Trouble): RegistryWrite<Deployment> {
  return amend(holder, (deployment) => ({ trouble: deployment.trouble ?? trouble }));
}

/** The version that goes live, and the revision that must be live until then (null: none). */
export type Promotion = { readonly version: number; readonly previous: string | null };

/** Decides `Registry.commit`. */
export function commit(
  holder: Holder,
  { version, previous }: Promotion,
  announcement: Announcement,
): RegistryWrite<Deployment> {
  const write = holderWrite<Deployment>(holder, (records, nowMs) => {
    const { deployment } = records.deployment;
    if (deployment.phase === 'Live') return { answer: deployment };
    if (deployment.trouble) {
      const { name, reason } = deployment.trouble;
      throw new Failure(
        'PhaseConflict',
        `deployment ${deployment.id} is given up: ${name}, ${reason}`,
      );
    }
    const { model } = records.model;
    const live = model.live?.revision ?? null;
    if (live !== previous) {
      throw new Failure('PhaseConflict', `${model.name}: ${live} is live, not ${previous}`);
    }
    if (records.version?.state === 'Removed') {
      throw new Failure('PhaseConflict', `${model.name}: version ${version} is gone`);
    }
    const { tags, measured } = records.version ?? {};
    const kept = { ...(tags && { tags }), ...(measured && { measured }) };
    const promoted = { ...liveVersion(deployment, nowMs), ...kept };
    return {
      ...announced(records, move(deployment, 'Live', nowMs), announcement),
      model: { ...records.model, model: promote(model, promoted, deployment) },
      version: promoted,
    };
  });
  return { ...write, version };
}

/** Decides `Registry.markVersion`. */
export function markVersion(
  holder: Holder,
  version: number,
  state: 'Retired' | 'Removed',
): RegistryWrite<void> {
  const write = holderWrite<void>(holder, ({ deployment, model, version: known }, nowMs) => {
    const { name, live } = model.model;
    if (!known) throw new Failure('InputInvalid', `${name} version ${version} never went live`);
    if (live?.version === version) {
      throw new Failure('PhaseConflict', `${known.revision} is live; it cannot be ${state}`);
    }
    if (AGE[known.state] >= AGE[state]) return { answer: undefined };
    const { damage: _, ...undamaged } = known;
    const marked = { ...(state === 'Removed' ? undamaged : known), state };
    const announced = announceVersion(deployment, marked, { state, nowMs });
    return { answer: undefined, version: marked, ...announced };
  });
  return { ...write, version };
}

type VersionKey = Pick<ModelVersion, 'model' | 'version' | 'deploymentId'>;

function versionWrite(
  { model, version, deploymentId }: VersionKey,
  decide: RegistryWrite<void>['decide'],
): RegistryWrite<void> {
  return { deploymentId, model, version, decide };
}

/** Decides `Registry.noteDamage`. */
export function noteDamage(key: VersionKey, damage: Damage | null): RegistryWrite<void> {
  return versionWrite(key, ({ deployment, version: known }, nowMs) => {
    const isNews = (damage?.reason ?? null) !== (known?.damage?.reason ?? null);
    if (!deployment || !known || known.state === 'Removed' || !isNews) {
      return { answer: undefined };
    }
    const { damage: _, ...sound } = known;
    const noted = damage ? { ...sound, damage } : sound;
    const state = damage ? 'Damaged' : 'Mended';
    const words = damage ?? undefined;
    const announced = announceVersion(deployment, noted, { state, nowMs, words });
    return { answer: undefined, version: noted, ...announced };
  });
}

/** Decides `Registry.noteAdvice`. */
export function noteAdvice(key: VersionKey, advice: Advice | null): RegistryWrite<void> {
  return versionWrite(key, ({ deployment, version: known }, nowMs) => {
    const isSame = JSON.stringify(advice) === JSON.stringify(known?.advice ?? null);
    if (!deployment || known?.state !== 'Live' || isSame) return { answer: undefined };
    const { advice: before, ...unadvised } = known;
    if (!advice) return { answer: undefined, version: unadvised };
    const noted = { ...unadvised, advice };
    if (advice.to === before?.to) return { answer: undefined, version: noted };
    const { reason, fix, ...data } = advice;
    const words = { reason, fix, data };
    const announced = announceVersion(deployment, noted, { state: 'Advised', nowMs, words });
    return { answer: undefined, version: noted, ...announced };
  });
}

/** Decides `Registry.noteTags`. */
export function noteTags(key: VersionKey, tags: readonly string[]): RegistryWrite<void> {
  return versionWrite(key, ({ version: known }) => {
    if (!known) return { answer: undefined };
    const { tags: _, ...untagged } = known;
    const noted = tags.length > 0 ? { ...untagged, tags: tags.toSorted() } : untagged;
    return { answer: undefined, version: noted };
  });
}

/** Decides `Registry.noteMeasured`. */
export function noteMeasured(key: VersionKey, measured: Measurement): RegistryWrite<void> {
  return versionWrite(key, ({ version: known }) => ({
    answer: undefined,
    ...(known && { version: { ...known, measured } }),
  }));
}

/** Decides `Registry.noteSpent`. */
export function noteSpent(
  key: VersionKey,
  spent: Spent,
  words: Announcement | null,
): RegistryWrite<void> {
  return versionWrite(key, ({ deployment, model: record, version: known }, nowMs) => {
    const isSame = JSON.stringify(spent) === JSON.stringify(record?.model.spent);
    if (!deployment || !record || known?.state !== 'Live' || isSame) return { answer: undefined };
    const noted = { answer: undefined, model: { ...record, model: { ...record.model, spent } } };
    if (!words) return noted;
    return {
      ...noted,
      ...announceVersion(deployment, known, { state: 'Overspent', nowMs, words }),
    };
  });
}

/** Decides `Registry.noteIncident`. */
export function noteIncident(
  key: VersionKey,
  { state, reason, fix, data }: Incident,
): RegistryWrite<void> {
  return versionWrite(key, ({ deployment, model: record, version: known }, nowMs) => {
    if (!deployment || !record || !known || known.state === 'Removed') {
      return { answer: undefined };
    }
    const recent = (record.incidents ?? []).filter(({ atMs }) => isRecent(atMs, nowMs));
    const isTold = recent.some((told) => told.version === key.version && told.state === state);
    if (isTold) return { answer: undefined };
    const words = { reason, fix, data };
    return {
      answer: undefined,
      ...announceVersion(deployment, known, { state, nowMs, words }),
      model: { ...record, incidents: [...recent, { version: key.version, state, atMs: nowMs }] },
    };
  });
}

/** A clock that was set back does not lengthen the silence. */
function isRecent(atMs: number, nowMs: number): boolean {
  return Math.abs(nowMs - atMs) < INCIDENT_QUIET_MS;
}

/** Decides `Registry.retract`. */
export function retract(holder: Holder): RegistryWrite<void> {
  return holderWrite<void>(holder, ({ model }) => ({
    answer: undefined,
    model: { ...model, model: { ...model.model, live: null } },
  }));
}

/** Decides `Registry.requestAbort`. */
export function requestAbort(deploymentId: string, trouble: Trouble): RegistryWrite<Deployment> {
  return {
    deploymentId,
    decide({ deployment: record }) {
      if (!record) throw new Failure('InputInvalid', `there is no deployment ${deploymentId}`);
      const { deployment } = record;
      if (isTerminal(deployment.phase)) {
        throw new Failure(
          'PhaseConflict',
          `deployment ${deploymentId} is ${deployment.phase}; it can no longer be aborted`,
        );
      }
      const aborted = { ...deployment, trouble: deployment.trouble ?? trouble };
      return { answer: aborted, deployment: { ...record, deployment: aborted } };
    },
  };
}

/** Decides `Registry.settle`. */
export function settle({
  deploymentId,
  reason,
  degraded,
  trouble: known,
  to,
}: Ending): RegistryWrite<Deployment | undefined> {
  return {
    deploymentId,
    decide({ deployment: record, model }, nowMs) {
      if (!record || record.deployment.endedAtMs !== null) return { answer: record?.deployment };
      const { deployment } = record;
      const freed = model && freeLease(model, deploymentId);
      if (isTerminal(deployment.phase)) {
        const ended = end(deployment, nowMs);
        return { answer: ended, deployment: { ...record, deployment: ended }, model: freed };
      }
      const trouble = deployment.trouble ?? known ?? { name: 'ExecutionEnded', reason, fix: '' };
      const failed = {
        ...end(move(deployment, to ?? unfinished(deployment.phase, trouble.name), nowMs), nowMs),
        trouble,
      };
      const { reason: said, fix } = withKept(trouble, deployment.work);
      const words = { reason: said, fix, data: { error: trouble.name, degraded } };
      return {
        answer: failed,
        ...announcePhase({ ...record, deployment: failed }, words),
        model: freed,
      };
    },
  };
}

/** A version's state never goes back. */
const AGE = { Live: 0, Retired: 1, Removed: 2 } as const satisfies Record<VersionState, number>;

function amend(
  holder: Holder,
  change: (deployment: Deployment) => Partial<Deployment>,
): RegistryWrite<Deployment> {
  return holderWrite(holder, ({ deployment: record }) => {
    const deployment = { ...record.deployment, ...change(record.deployment) };
    return { answer: deployment, deployment: { ...record, deployment } };
  });
}

function move(deployment: Deployment, to: Phase, nowMs: number): Deployment {
  if (!mayMove(deployment.phase, to)) {
    throw new Failure(
      'PhaseConflict',
      `deployment ${deployment.id} is ${deployment.phase}; it cannot become ${to}`,
    );
  }
  return { ...deployment, phase: to, phaseChangedAtMs: nowMs };
}

function announced(
  { deployment: record }: HeldRecords,
  deployment: Deployment,
  announcement: Announcement,
): Change<Deployment> {
  return { answer: deployment, ...announcePhase({ ...record, deployment }, announcement) };
}

/** A repaired model keeps its count of consecutive repairs; any other deployment resets it. */
function promote({ repairs, ...model }: Model, live: ModelVersion, { kind }: Deployment): Model {
  return { ...model, live, ...(kind === 'repair' && repairs && { repairs }) };
}

function liveVersion({ id, model, version, work }: Deployment, liveAtMs: number): ModelVersion {
  if (version === null || !work.candidate) {
    throw new Failure('PhaseConflict', `deployment ${id} has no candidate that could go live`);
  }
  const { revision, madeBy } = work.candidate;
  const placement = placementOf(work.candidate);
  return { model, version, revision, deploymentId: madeBy, ...placement, state: 'Live', liveAtMs };
}

function isSameBake(a: BakeRecord | undefined, b: LookedBake): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function isSame(a: Intent, b: Intent): boolean {
  return a.kind === b.kind && a.name === b.name && a.target === b.target;
}
