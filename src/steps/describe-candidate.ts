import {
  bringsVersion,
  type Candidate,
  type Deployment,
  type Trouble,
} from '#domain/deployment.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Clock } from '#ports/clock.ts';
import type { Platforms, RevisionState } from '#ports/platform.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment, requireWork } from './require-deployment.ts';

type Deps = {
  readonly registry: Registry;
  readonly platforms: Platforms;
  readonly clock: Clock;
  /** How long one check may wait for a change (ms): 0 where waiting is billed. */
  readonly waitMs: number;
};

const LOG_LINES_IN_EVENT = 10;

export const describeCandidate =
  ({ registry, platforms, clock, waitMs }: Deps) =>
  async (input: StepInput<'DescribeCandidate'>): Promise<StepOutput<'DescribeCandidate'>> => {
    const { deploymentId, epoch } = input;
    const deployment = await requireDeployment(registry, deploymentId);
    const { model, work, trouble } = deployment;
    const candidate = requireWork(work.candidate, 'candidate');
    const { revision, target, createdAtMs, readyByMs } = candidate;
    const attempt = input.attempt + 1;
    if (trouble) return { kind: 'failed', retrySeconds: 0, attempt };
    // Traffic moves only to a candidate that was ready; from then on the bake judges it.
    if (work.shift) return { kind: 'ready', retrySeconds: 0, attempt };

    const state = await platforms[target].describe(revision, { waitMs });
    const answer = { retrySeconds: retrySeconds(clock.now() - createdAtMs), attempt };
    if (state.kind === 'ready') {
      const { startMs: known = clock.now() - createdAtMs, fromSpare } = state;
      const startMs = startMsOf(deployment, candidate, known);
      if (startMs !== undefined) {
        await registry.recordWork(
          { deploymentId, epoch },
          { candidate: { ...candidate, startMs, ...(fromSpare && { fromSpare }) } },
        );
      }
      return { ...answer, kind: 'ready' };
    }
    const isWaiting = state.kind === 'pending' && state.isWaiting === true;
    if (isWaiting || candidate.waitsFor !== undefined) {
      const timed = timedAnew(candidate, clock.now(), isWaiting ? state.reason : undefined);
      await registry.recordWork({ deploymentId, epoch }, { candidate: timed });
      if (state.kind === 'pending') return { ...answer, kind: 'pending' };
    }
    if (state.kind === 'pending' && clock.now() < readyByMs) return { ...answer, kind: 'pending' };
    const limitSeconds = (readyByMs - createdAtMs) / 1000;
    await registry.recordTrouble(
      { deploymentId, epoch },
      troubleOf(state, model, explain(state, revision, limitSeconds)),
    );
    return { ...answer, kind: state.kind === 'pending' ? 'expired' : 'failed' };
  };

/** Undefined where it is recorded, and where it would say nothing about the start of another version: this one was there before, had to wait for room, or was begun by another execution. */
function startMsOf(
  { kind }: Deployment,
  { attempt, waitsFor, startMs }: Candidate,
  tookMs: number | null,
): number | undefined {
  const isFirst = bringsVersion(kind) && attempt === 1 && waitsFor === undefined;
  return isFirst && startMs === undefined && tookMs ? tookMs : undefined;
}

/** The time to get ready begins when something is started for the candidate. */
function timedAnew(known: Candidate, nowMs: number, waitsFor: string | undefined): Candidate {
  const { waitsFor: _, ...candidate } = known;
  const readyByMs = nowMs + known.readyByMs - known.createdAtMs;
  return { ...candidate, createdAtMs: nowMs, readyByMs, ...(waitsFor && { waitsFor }) };
}

type Unready = Exclude<RevisionState, { kind: 'ready' }>;

function troubleOf(state: Unready, model: string, reason: string): Trouble {
  const fix =
    state.kind === 'pending'
      ? 'Make the model load faster, for example with more resources.memory, which brings CPU; or raise server.startupTimeoutSeconds in model.yaml, which helps where one start may take so long (on Lambda the limit is 30 s).'
      : `See the whole log with \`slipway logs ${model}\`, fix the model, or raise resources.memory if it ran out of memory, and upload it again.`;
  return { name: 'RevisionFailed', reason, fix };
}

function explain(state: Unready, revision: string, limitSeconds: number): string {
  switch (state.kind) {
    case 'failed': {
      const lines = state.logTail.slice(-LOG_LINES_IN_EVENT);
      // A server's last words tell what was wrong with its model, and of a reason many show only the first line.
      const last = lines.at(-1)?.trim();
      const said = last ? `, and had said: ${last}` : '';
      return [`${revision} did not start: ${state.reason}${said}`, ...lines].join('\n');
    }
    case 'absent':
      return `${revision} is gone`;
    case 'pending':
      return `${revision} was not ready in ${limitSeconds} s: ${state.reason}`;
  }
}
