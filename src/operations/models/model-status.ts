import type { ModelLog, ModelStatus, VersionEntry } from '#control/models.ts';
import { MOST_LOG_LINES } from '#control/operations.ts';
import type { Measurement } from '#domain/build/measurement.ts';
import type { Deployment, Model, ModelVersion, VersionState } from '#domain/deployment.ts';
import { isTerminal } from '#domain/phase.ts';
import { liveBill } from '#domain/placement/live-bill.ts';
import { spentAt } from '#domain/placement/spent.ts';
import type { UnitPrices } from '#domain/placement/unit-prices.ts';
import { questionOf } from '#domain/placement/weigh-measured.ts';
import { isAskedAbout } from '#domain/promotion/approval.ts';
import { toldTrouble } from '#domain/registry/kept.ts';
import { nextRepairMs, repairsInARow } from '#domain/registry/repair-pace.ts';
import { UNPROVEN } from '#domain/rollout/golden-verdict.ts';
import { unknownModel } from '#domain/unknown-model.ts';
import type { BuildLog } from '#ports/build-log.ts';
import type { Builds } from '#ports/builds.ts';
import type { LogLine, LogQuery, Platform } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { measuredOf } from '#steps/measured-live.ts';

const LOG_LINES = 200;

/** At most `tail` lines (200 by default, 10,000 with `sinceMs`) of a server and as many of a build, and none from before `sinceMs` (epoch). */
export type LogsQuery = { readonly tail?: number; readonly sinceMs?: number };

/** The log readers of revisions, by target. */
export type LogTails = Readonly<Record<string, Pick<Platform, 'logTail'>>>;

/** Fails with `InputInvalid` for an unknown model. */
export async function requireModel(registry: Registry, name: string): Promise<Model> {
  const model = await registry.model(name);
  if (model) return model;
  throw unknownModel(
    name,
    (await registry.models()).map((each) => each.name),
  );
}

type Seen = {
  readonly endpoint: string;
  readonly nowMs: number;
  readonly alerts: ModelStatus['alerts'];
  readonly isSpent: boolean;
  readonly prices: UnitPrices | null;
};

/** A model's status at `nowMs` (epoch), from the registry; `endpoint` is the base of its URLs, `alerts` are the current faults of its live version, `isSpent` says whether running it costs what AWS charges, and `prices` are those of today on average over what all models use (null: its cost is not wanted). */
export async function modelStatus(
  registry: Registry,
  model: Model,
  { endpoint, nowMs, alerts, isSpent, prices }: Seen,
): Promise<ModelStatus> {
  const { name, live, newestDeploymentId, undeployedWith } = model;
  const isGone = !live && undeployedWith === newestDeploymentId;
  const inARow = repairsInARow(model, nowMs);
  const [newest, versions] = await Promise.all([
    registry.deployment(newestDeploymentId),
    registry.versions(name),
  ]);
  const maker =
    live && live.deploymentId !== newestDeploymentId
      ? await registry.deployment(live.deploymentId)
      : newest;
  return {
    name,
    endpoint,
    live,
    versions,
    newest:
      newest && !isGone
        ? {
            id: newest.id,
            version: newest.version,
            ...standingOf(newest),
            trouble: toldTrouble(newest),
            ...dropperOf(newest),
          }
        : null,
    repairs: inARow > 1 ? { inARow, notBeforeMs: nextRepairMs(model) } : null,
    unproven: live && unprovenOf(maker),
    cost: live && prices && costOf(maker, measuredOf(live, versions), prices),
    spent: spentIn(model, nowMs, isSpent),
    alerts,
  };
}

function artifactOf(made: Deployment | undefined) {
  return { artifact: made?.artifact.key ?? '', ...(made && dropperOf(made)) };
}

function dropperOf({ artifact: { droppedBy } }: Deployment) {
  return droppedBy ? { droppedBy } : {};
}

/** A deployment without a target, and a candidate that has not been started, say why; one that the gate asks about awaits an approval. */
function standingOf({ phase, work }: Deployment) {
  if (isAskedAbout({ phase, work }) && !work.clearance)
    return { phase: 'AwaitingApproval', waitsFor: null };
  const target = isTerminal(phase) || work.decision ? undefined : work.awaits?.reason;
  const room = phase === 'Provisioning' ? work.candidate?.waitsFor : undefined;
  const waitsFor = target ?? room ?? null;
  return { phase: waitsFor ? 'Waiting' : phase, waitsFor };
}

function unprovenOf(maker: Deployment | undefined): string | null {
  const golden = maker?.work.golden;
  return golden?.sample === 'readiness' ? golden.warning || UNPROVEN : null;
}

function costOf(
  maker: Deployment | undefined,
  measured: Measurement | undefined,
  prices: UnitPrices,
): ModelStatus['cost'] {
  const taken = maker?.work.decision?.options.find((option) => option.taken);
  if (!maker || !taken) return null;
  const question = questionOf(maker, measured, prices)?.question;
  const provedMs = maker.work.golden?.latencyMs;
  const bill = liveBill({ taken, question, provedMs }, prices);
  const { idleUsdPerMonth, perCallsUsd, durationMs } = bill;
  return { idleUsdPerMonth, perMillionUsd: perCallsUsd, durationMs };
}

function spentIn(model: Model, nowMs: number, isSpent: boolean): ModelStatus['spent'] {
  const spent = spentAt(model.spent, nowMs);
  if (!spent) return null;
  const { month, usd, untilMs, maxMonthlyUsd = null, most, unmetered = null } = spent;
  return { month, usd, untilMs, isSpent, maxMonthlyUsd, most, unmetered };
}

/** The versions of a model that ever went live, newest first. */
export async function modelVersions(
  registry: Registry,
  { name, live }: Model,
): Promise<readonly VersionEntry[]> {
  const versions = await registry.versions(name);
  return Promise.all(
    versions.map(
      async ({
        version,
        revision,
        target,
        state,
        liveAtMs,
        deploymentId,
        damage,
        advice,
        tags,
      }) => ({
        version,
        revision,
        target,
        liveAtMs,
        ...(damage && { damage }),
        ...(tags && { tags }),
        ...(advice && version === live?.version && { advice }),
        state: stateOf({ version, state }, live),
        ...artifactOf(await registry.deployment(deploymentId)),
      }),
    ),
  );
}

/** Two versions are marked Live until the previous one has drained, but one alone is the live one. */
export function stateOf(
  { version, state }: Pick<ModelVersion, 'version' | 'state'>,
  live: Model['live'],
): VersionState {
  return state === 'Live' && version !== live?.version ? 'Retired' : state;
}

/** The sources of a model's log lines. */
export type ModelLogs = {
  readonly platforms: LogTails;
  readonly buildLog: BuildLog;
  readonly builds: Pick<Builds, 'find'>;
};

type Asked = { readonly model: Model; readonly query: LogsQuery };

/**
 * The last lines that the newest revision of a model wrote, each with its time. While its newest deployment has no revision, those of the live revision, and behind them those of the build that runs or has failed.
 */
export async function modelLog(
  registry: Registry,
  { platforms, buildLog, builds }: ModelLogs,
  { model: { newestDeploymentId, live }, query }: Asked,
): Promise<ModelLog> {
  const newest = await registry.deployment(newestDeploymentId);
  const found = newest?.work.candidate ?? live;
  const platform = found && platforms[found.target];
  const served = platform ? (await platform.logTail(found.revision, toRead(query))).map(dated) : [];
  const revision = found?.revision ?? null;
  if (!newest || newest.work.candidate) return { revision, lines: served };
  const running = newest.phase === 'Building' && (await builds.find(newestDeploymentId))?.log;
  const build = running || newest.work.buildLog;
  const built = build ? (await buildLog.tail(build, toRead(query))).map(dated) : [];
  if (!live || built.length === 0) return { revision, lines: [...served, ...built] };
  const lines = [
    `${live.revision}, which is live:`,
    ...served,
    '',
    `the build of v${newest.version}:`,
  ];
  return { revision, lines: [...lines, ...built] };
}

/** A query with a start time reads all lines from then on. */
function toRead({ tail, sinceMs }: LogsQuery): LogQuery {
  if (sinceMs === undefined) return { lines: tail ?? LOG_LINES };
  return { lines: tail ?? MOST_LOG_LINES, sinceMs };
}

function dated({ timeMs, text }: LogLine): string {
  return timeMs === null ? text : `${new Date(timeMs).toISOString()} ${text}`;
}
