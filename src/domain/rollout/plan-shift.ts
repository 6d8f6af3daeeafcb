import type { ShiftStep } from '#domain/deployment.ts';
import { type Rollout, STEPS } from '#domain/manifest/rollout.ts';
import { mechanismOf, type Placement, placementName } from '#domain/placement/target.ts';

/** The inputs that determine how the traffic moves: the source (null: nothing is live), the destination, and the manifest's settings. */
export type ShiftNeeds = {
  readonly from: Placement | null;
  readonly to: Placement;
  readonly rollout: Rollout;
  readonly defaults: ShiftDefaults;
  /** True for a move back to a proven version, or to the live one: in one step and without a bake. */
  readonly isProven: boolean;
};

/** The default bakes (seconds) after each step, and whether containers begin with a canary. */
export type ShiftDefaults = {
  readonly bakeSeconds: number;
  readonly canaryBakeSeconds: number;
  readonly crossingBakeSeconds: number;
  readonly canary: boolean;
};

/** On AWS a container canary bakes 180 s, since client metrics arrive up to two minutes late; a move between mechanisms bakes 300 s. */
export const AWS_SHIFTS = {
  canaryBakeSeconds: 180,
  crossingBakeSeconds: 300,
  canary: true,
} as const;

/** The steps of the shift. Between two mechanisms all of the traffic moves at once, whatever the manifest says; `notice` then says so, else it is empty. */
export function planShift(needs: ShiftNeeds): {
  readonly steps: readonly ShiftStep[];
  readonly notice: string;
} {
  const { from, to, rollout, defaults, isProven } = needs;
  if (from === null || isProven) {
    const bakeSeconds = isProven ? 0 : (rollout.bakeSeconds ?? 0);
    return { steps: [{ percent: 100, bakeSeconds }], notice: '' };
  }
  const percents = requestedPercents(needs);
  if (mechanismOf(from) !== mechanismOf(to)) {
    const bakeSeconds = rollout.bakeSeconds ?? defaults.crossingBakeSeconds;
    const isRamp =
      percents.length > 1 && (rollout.strategy !== 'auto' || rollout.steps !== undefined);
    const notice = isRamp
      ? `from ${placementName(from)} to ${placementName(to)} the traffic can only move all at once, so the strategy is not ${rollout.strategy}`
      : '';
    return { steps: [{ percent: 100, bakeSeconds }], notice };
  }
  const steps = percents.map((percent) => ({
    percent,
    bakeSeconds:
      rollout.bakeSeconds ?? (percent < 100 ? defaults.canaryBakeSeconds : defaults.bakeSeconds),
  }));
  return { steps, notice: '' };
}

function requestedPercents({ to, rollout, defaults }: ShiftNeeds): readonly number[] {
  switch (rollout.strategy) {
    case 'all-at-once':
      return [100];
    case 'canary':
      return rollout.steps ?? STEPS.canary;
    case 'linear':
      return rollout.steps ?? STEPS.linear;
    case 'auto':
      if (rollout.steps) return rollout.steps;
      return defaults.canary && mechanismOf(to) === 'container' ? STEPS.canary : [100];
  }
}
