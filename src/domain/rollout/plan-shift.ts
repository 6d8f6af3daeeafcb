import type { ShiftStep } from '#domain/deployment.ts';
import { type Rollout, STEPS } from '#domain/manifest/rollout.ts';
import { mechanismOf, type Target } from '#domain/placement/target.ts';

/** What decides how the traffic moves: from where (null: nothing is live) to where, and what the manifest says. */
export type ShiftNeeds = {
  readonly from: Target | null;
  readonly to: Target;
  readonly rollout: Rollout;
  readonly defaults: ShiftDefaults;
  /** Back to a version that was proven before, or to the live one: at once, and without a bake. */
  readonly isProven: boolean;
};

/** The bake (seconds) after each step where the manifest names none, and whether containers begin with a canary. */
export type ShiftDefaults = {
  readonly bakeSeconds: number;
  readonly canaryBakeSeconds: number;
  readonly crossingBakeSeconds: number;
  readonly canary: boolean;
};

/** On AWS a canary in containers bakes 180 s, since counts of clients are up to two minutes late; a flip between mechanisms is watched for 300 s. */
export const AWS_SHIFTS = {
  canaryBakeSeconds: 180,
  crossingBakeSeconds: 300,
  canary: true,
} as const;

/** The steps of the shift. Between two mechanisms the traffic moves as a whole, whatever the manifest says; `notice` then tells so, and is empty otherwise. */
export function planShift(needs: ShiftNeeds): {
  readonly steps: readonly ShiftStep[];
  readonly notice: string;
} {
  const { from, to, rollout, defaults, isProven } = needs;
  if (from === null || isProven) {
    const bakeSeconds = isProven ? 0 : (rollout.bakeSeconds ?? 0);
    return { steps: [{ percent: 100, bakeSeconds }], notice: '' };
  }
  const percents = wished(needs);
  if (mechanismOf(from) !== mechanismOf(to)) {
    const bakeSeconds = rollout.bakeSeconds ?? defaults.crossingBakeSeconds;
    const isRamp =
      percents.length > 1 && (rollout.strategy !== 'auto' || rollout.steps !== undefined);
    const notice = isRamp
      ? `from ${from} to ${to} the traffic can only move all at once, so the strategy is not ${rollout.strategy}`
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

function wished({ to, rollout, defaults }: ShiftNeeds): readonly number[] {
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
