import type { Model, ModelVersion } from '#domain/deployment.ts';
import { adviceOf, atPrices, lookAgain } from '#domain/placement/look-again.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { moveRequest } from '#domain/registry/sweep-request.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Executions } from '#ports/executions.ts';
import type { Prices } from '#ports/prices.ts';
import type { Registry } from '#ports/registry.ts';
import { gotBy } from './learnt-before.ts';
import { decisionOf } from './measured-live.ts';
import { requireDeployment } from './require-deployment.ts';
import { each } from './sweep-each.ts';
import { idleModels, isUnchanged, startOnce } from './sweep-models.ts';

type Deps = {
  readonly registry: Registry;
  readonly demand: DemandHistory;
  readonly clock: Clock;
  readonly prices: Pick<Prices, 'read'>;
  /** Null on one machine, where nothing is spent and nothing moves. */
  readonly executions: Executions | null;
};

// At most two moves a day.
const LEAST_STAY_MS = 12 * 3_600_000;

/**
 * Weighs each live version again by the requests that it got: records the advice to place it elsewhere, and starts the move of one that says `placement.move: auto`.
 * Returns the moves that it started. A failure does not stop the rest; the first one is thrown at the end.
 */
export const weighLive = (deps: Deps) => async (): Promise<readonly string[]> => {
  const { registry } = deps;
  const { done, failures } = await each(
    () => idleModels(registry),
    (model) => weigh(deps, model),
  );
  if (failures.length > 0) throw failures[0];
  return done;
};

async function weigh(deps: Deps, model: Model): Promise<string | undefined> {
  const { live } = model;
  if (!live) return undefined;
  const { registry, executions } = deps;
  const made = await requireDeployment(registry, live.deploymentId);
  const prices = (await deps.prices.read()) ?? SHIPPED_PRICES;
  const isSpent = executions !== null;
  const decision = await decisionOf({ registry, isSpent }, live, { made, prices });
  if (!decision?.weighing) return undefined;
  const got = await gotBy(deps, live);
  const today = { ...decision, weighing: atPrices(decision.weighing, prices) };
  const move = made.work.inspection?.manifest.placement.move ?? 'advise';
  // A move that was admitted and failed is the newest too: it is not tried again by itself.
  const isNewest = model.newestDeploymentId === live.deploymentId;
  const rule = { move, isSpent, isNewest };
  const look = got && lookAgain(today, got, rule);
  if (!look) return undefined;
  const advice = adviceOf(look, rule);
  await registry.noteAdvice(live, advice);
  if (!advice || !executions || move !== 'auto') return undefined;
  if (!isNewest || !isSettled(deps, live)) return undefined;
  // Somebody may have asked for another version, or for none, while the counts were read.
  if (!(await isUnchanged(registry, model))) return undefined;
  const why = { learnt: look.learnt, reason: advice.reason };
  const request = await moveRequest(live, why, deps.clock.now());
  return startOnce(executions, request);
}

function isSettled({ clock }: Deps, { liveAtMs }: ModelVersion): boolean {
  return clock.now() - liveAtMs >= LEAST_STAY_MS;
}
