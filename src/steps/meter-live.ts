import type { Deployment, Model, ModelVersion } from '#domain/deployment.ts';
import type { Announcement } from '#domain/event.ts';
import type { Overspent } from '#domain/manifest/manifest.ts';
import { completeScaling } from '#domain/manifest/scaling.ts';
import { type Caps, raise } from '#domain/placement/caps.ts';
import { expectedStart, startingOf } from '#domain/placement/cold-start.ts';
import { meteredAs } from '#domain/placement/metered.ts';
import { scaleAt } from '#domain/placement/scale.ts';
import { limitedWords, type Spent, spentWords } from '#domain/placement/spending.ts';
import { isBehind, meteredSince, spend, unmeteredAt } from '#domain/placement/spent.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import type { Ceilings } from '#ports/ceilings.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Prices } from '#ports/prices.ts';
import type { Registry } from '#ports/registry.ts';
import { decisionOf } from './measured-live.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';
import { each } from './sweep-each.ts';
import { idleModels } from './sweep-models.ts';

type Deps = {
  readonly registry: Registry;
  readonly demand: DemandHistory;
  readonly clock: Clock;
  readonly prices: Pick<Prices, 'read'>;
  readonly caps: Pick<Caps, 'maxMonthlyUsd'>;
  readonly ceilings: Ceilings;
  /** False on one machine, where the sums are what AWS would bill. */
  readonly isSpent: boolean;
};

/**
 * Adds up what each live version has cost since the month began, and answers as its manifest says when a cap is reached: see `spend`.
 * Returns the models whose replicas are limited. A failure does not stop the rest; the first one is thrown at the end.
 */
export const meterLive = (deps: Deps) => async (): Promise<readonly string[]> => {
  const { registry } = deps;
  const { done, failures } = await each(
    () => idleModels(registry),
    (model) => meter(deps, model),
  );
  if (failures.length > 0) throw failures[0];
  return done;
};

async function meter(deps: Deps, model: Model): Promise<string | undefined> {
  const { registry, demand, clock, caps, isSpent } = deps;
  const { live, spent: known } = model;
  if (!live) return undefined;
  const { maxMonthlyUsd } = caps;
  const nowMs = clock.now();
  const wasLimited = (known?.most ?? null) !== null;
  // Nothing hangs on a sum without a cap, and CloudWatch bills each metric that is read.
  if (maxMonthlyUsd === null && !wasLimited && !isBehind(known, nowMs)) return undefined;
  const made = await requireDeployment(registry, live.deploymentId);
  const prices = (await deps.prices.read()) ?? SHIPPED_PRICES;
  const decision = await decisionOf(deps, live, { made, prices });
  const work = { ...made.work, ...(decision && { decision }) };
  const own = meteredAs(work, prices, await startSecondsOf(deps, { ...made, work }));
  if (!own) return undefined;
  if ('unmetered' in own) {
    if (wasLimited) await limit(deps, live, made, null);
    await registry.noteSpent(live, unmeteredAt(known, { ...own, maxMonthlyUsd, nowMs }), null);
    return undefined;
  }
  const { liveAtMs } = live;
  const versions = await registry.versions(model.name);
  const hours = await demand.hours(live, meteredSince(known, { liveAtMs, nowMs }), versions);
  const rule = made.work.inspection?.manifest.placement.overspent ?? 'event';
  const metered = { ...own, hours, liveAtMs, nowMs };
  // Where nothing is spent, nothing has to stop.
  const least = isSpent && live.target === 'lambda' ? 0 : 1;
  const { spent, nowUsd } = spend(known, metered, { rule, maxMonthlyUsd, least });
  if (spent.most !== null || wasLimited) await limit(deps, live, made, spent.most);
  const words =
    maxMonthlyUsd !== null && isNews(spent, known)
      ? wordsOf({ live, spent, nowUsd, rule, maxMonthlyUsd, isSpent })
      : null;
  await registry.noteSpent(live, spent, words);
  return spent.most === null ? undefined : model.name;
}

/** As its placement expected, which records of an earlier Slipway do not have. */
async function startSecondsOf(
  { registry, isSpent }: Pick<Deps, 'registry' | 'isSpent'>,
  made: Deployment,
): Promise<number> {
  const { target, startSeconds, weighing } = made.work.decision ?? {};
  if (startSeconds !== undefined || !target || weighing) return startSeconds ?? 0;
  const starting = startingOf(made);
  // The starts of one machine say nothing about those of AWS.
  const noted = isSpent ? await registry.starts(starting.runtime) : [];
  return expectedStart(target, starting, noted).coldStartSeconds;
}

async function limit(
  { ceilings, clock }: Deps,
  live: ModelVersion,
  { work: { inspection, decision } }: Deployment,
  most: number | null,
): Promise<void> {
  const { manifest } = requireWork(inspection, 'inspection');
  const scaling = completeScaling(manifest.scaling, decision?.scaling);
  const usual = scaleAt(scaling, clock.now());
  const scales = scaling.schedules.length > 0 || usual.max > usual.min;
  await ceilings.set(live, { most, usual, scales });
}

/** That the cap is reached, and that replicas begin to be limited; each once a month. */
function isNews(spent: Spent, known: Spent | undefined): boolean {
  const before = known?.month === spent.month ? known : undefined;
  const begins = spent.isOver && !before?.isOver;
  const limits = spent.most !== null && (before?.most ?? null) === null;
  return begins || limits;
}

type Said = {
  readonly live: ModelVersion;
  readonly spent: Spent;
  readonly nowUsd: number;
  readonly rule: Overspent;
  readonly maxMonthlyUsd: number;
  readonly isSpent: boolean;
};

function wordsOf({ live, spent, nowUsd, rule, maxMonthlyUsd, isSpent }: Said): Announcement {
  const usd = Math.round(nowUsd * 100) / 100;
  const limited = spent.most === null ? '' : `, ${limitedWords(live.target, spent.most)}`;
  return {
    reason: `${live.model} ${spentWords({ ...spent, usd }, isSpent)}; the cap maxMonthlyUsd is $${maxMonthlyUsd}${limited}`,
    fix: `${ANSWERS[rule]} ${raise('maxMonthlyUsd', 'USD')}`,
    data: { usd, maxMonthlyUsd, most: spent.most },
  };
}

const ANSWERS: Readonly<Record<Overspent, string>> = {
  event: 'Nothing is limited: placement.overspent in model.yaml is `event`.',
  fewer: 'The limit is looked at again every 15 minutes, and ends with the month (UTC).',
  refuse:
    'New versions whose model.yaml says placement.overspent: refuse are rejected until the month ends (UTC).',
};
