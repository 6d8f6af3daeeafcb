import { retrySeconds } from '#domain/registry/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Prober } from '#ports/prober.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { askedOf } from './proof.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';
import { looksAfter, unverified } from './unverified.ts';

type Deps = {
  readonly registry: Registry;
  readonly router: Router;
  readonly prober: Prober;
  readonly clock: Clock;
};

// How long a change of shares may take to reach every client; a move between two mechanisms shows only after the previous side has been quiet for minutes.
const DEADLINE_MS = 120_000;
const CROSSING_DEADLINE_MS = 900_000;

export const verifyTraffic =
  ({ registry, router, prober, clock }: Deps) =>
  async (input: StepInput<'VerifyTraffic'>): Promise<StepOutput<'VerifyTraffic'>> => {
    const holder = { deploymentId: input.deploymentId, epoch: input.epoch };
    const { model, phase, work } = await requireDeployment(registry, input.deploymentId);
    const shift = requireWork(work.shift, 'shift');
    const bake = requireWork(work.bake, 'bake');
    const answer = { retrySeconds: 0, attempt: input.attempt + 1 };
    if (phase === 'Baking') return { ...answer, kind: 'verified' };

    const candidate = requireWork(work.candidate, 'candidate');
    const looks = await looksAfter(registry, model, shift.before, candidate);
    const asked = askedOf({ work }, candidate.revision);
    const expected = { shares: shift.after, looks, isAnswering: true, asked };
    const open = await unverified({ router, prober }, model, expected);
    const sinceMs = clock.now() - shift.intendedAtMs;
    if (open === undefined) {
      const { bakeSeconds } = bake;
      await registry.advance(
        holder,
        'Baking',
        { bake: { ...bake, startedAtMs: clock.now() } },
        {
          data: { shares: shift.after, bakeSeconds },
        },
      );
      return { ...answer, kind: 'verified' };
    }
    const deadlineMs = looks > 1 ? CROSSING_DEADLINE_MS : DEADLINE_MS;
    if (sinceMs < deadlineMs) {
      return { ...answer, kind: 'pending', retrySeconds: retrySeconds(sinceMs) };
    }
    await registry.recordTrouble(holder, {
      name: 'TrafficUnverified',
      reason: `the traffic was not seen on the new version within ${deadlineMs / 1000} s: ${open}`,
      fix: 'Upload the model again; if it happens again, check the router.',
    });
    return { ...answer, kind: 'expired' };
  };
