import { bounded } from '#adapters/aws/bounded.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import { MINUTE_MS } from '#domain/durations.ts';
import { useOf } from '#domain/placement/live-bill.ts';
import { askedAgain } from '#domain/placement/look-again.ts';
import { NO_USE, type TieredUse, usedTogether } from '#domain/placement/tiers.ts';
import { SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { questionOf } from '#domain/placement/weigh-measured.ts';
import type { Clock } from '#ports/clock.ts';
import type { DemandHistory } from '#ports/demand-history.ts';
import type { Registry } from '#ports/registry.ts';
import { ifKnown, learntOf } from '#steps/learnt-before.ts';
import { measuredLive } from '#steps/measured-live.ts';

type Deps = {
  readonly registry: Registry;
  readonly demand: DemandHistory;
  readonly clock: Pick<Clock, 'now'>;
};

/** A model, and what one of its versions would use in a month if it were live. */
export type Other = { readonly model: string; readonly use: TieredUse };

/** The units that all live versions use together in a month, which AWS's tiers count; with `other`, as if that were live in place of its model's version. */
export type UseTogether = (other?: Other) => Promise<TieredUse>;

// CloudWatch charges for each metric that is read, and a quarter of an hour changes little in two weeks.
const KEPT_MS = 15 * MINUTE_MS;
const READS_AT_ONCE = 10;

type Kept = { readonly of: string; readonly untilMs: number; readonly use: TieredUse };

/** Weighs each live version by its traffic, as `explain` does, and keeps for a quarter of an hour what it uses. A version that no bill has weighed adds nothing. */
export function useTogether(deps: Deps): UseTogether {
  const { registry, clock } = deps;
  const kept = new Map<string, Kept>();

  async function useOfLive(live: ModelVersion): Promise<TieredUse> {
    const { model, deploymentId: of } = live;
    const nowMs = clock.now();
    const before = kept.get(model);
    if (before?.of === of && nowMs < before.untilMs) return before.use;
    const use = await readUse(deps, live);
    if (use) kept.set(model, { of, untilMs: nowMs + KEPT_MS, use });
    return use ?? NO_USE;
  }

  return async (other) => {
    const lives = (await registry.models()).flatMap(({ name, live }) =>
      live && name !== other?.model ? [live] : [],
    );
    const uses = await bounded(lives, READS_AT_ONCE, useOfLive);
    return usedTogether(other ? [...uses, other.use] : uses);
  };
}

/** Undefined where no bill has weighed the version: its own server may be measured at any time. */
async function readUse(deps: Deps, live: ModelVersion): Promise<TieredUse | undefined> {
  const made = await deps.registry.deployment(live.deploymentId);
  const taken = made?.work.decision?.options.find((option) => option.taken);
  if (!made || !taken) return undefined;
  // The use of a version does not depend on prices.
  const weighed = questionOf(made, await measuredLive(deps.registry, live), SHIPPED_PRICES);
  if (!weighed) return undefined;
  const isDeclared = made.work.inspection?.manifest.traffic !== undefined;
  const learnt = isDeclared ? undefined : await ifKnown(learntOf(deps, live));
  const question = learnt ? askedAgain(weighed, learnt) : weighed.question;
  return useOf({ taken, question });
}
