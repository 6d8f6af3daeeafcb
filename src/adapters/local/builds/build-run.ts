import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import type { OrphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import type { BuildVariable } from '#domain/build/image.ts';
import { type PhaseEnd, type PhasePlan, runPhase, type Variables } from './build-phase.ts';
import { type BuildSpec, PHASES, type Phase } from './build-spec.ts';

export type BuildStatus = 'SUCCEEDED' | 'FAILED' | 'STOPPED' | 'TIMED_OUT';

/** `Contexts` say why the phase did not succeed. */
export type PhaseReport = {
  /** In CodeBuild's spelling: `PRE_BUILD`; `QUEUED` for a build that never began. */
  readonly PhaseType: string;
  readonly PhaseStatus: BuildStatus;
  readonly Contexts: readonly { readonly StatusCode: string; readonly Message: string }[];
};

export type BuildPlan = {
  readonly spec: BuildSpec;
  readonly source: string;
  readonly environment: Variables;
  readonly scratch: string;
  readonly log: Pick<RevisionLog, 'append'>;
  readonly signal: AbortSignal;
  readonly guard: OrphanGuard;
  readonly watch: PhasePlan['watch'];
  /** Called with each phase as it begins. */
  readonly onPhase: (phase: Phase) => void;
};

export type BuildOutcome = {
  readonly status: BuildStatus;
  readonly phases: readonly PhaseReport[];
  readonly exported: readonly BuildVariable[];
};

/** Runs the phases in order. The first failure ends the build, except that `post_build` also runs after a failed `build`. */
export async function runBuild(plan: BuildPlan): Promise<BuildOutcome> {
  const { spec, log } = plan;
  const phases: PhaseReport[] = [];
  let environment = plan.environment;
  const trouble = () => phases.find(({ PhaseStatus }) => PhaseStatus !== 'SUCCEEDED');

  for (const phase of PHASES) {
    const commands = spec.phases[phase]?.commands;
    if (!commands || !isDue(phase, trouble())) continue;
    plan.onPhase(phase);
    const succeeding = { CODEBUILD_BUILD_SUCCEEDING: trouble() ? '0' : '1' };
    const end = await runPhase({
      ...plan,
      commands,
      directory: plan.source,
      environment: { ...environment, ...succeeding },
    });
    environment = end.environment;
    const report = reportOf(phase, end, plan.signal);
    phases.push(report);
    await log.append(Buffer.from(linesOf(report)));
  }

  const exported = spec.env['exported-variables'].flatMap((Name) => {
    const Value = environment[Name];
    return Value === undefined ? [] : [{ Name, Value }];
  });
  return { status: trouble()?.PhaseStatus ?? 'SUCCEEDED', phases, exported };
}

/** A build whose signal aborted while it waited for its turn. */
export function neverBegun(signal: AbortSignal): BuildOutcome {
  const report = cutShort('QUEUED', signal);
  return { status: report.PhaseStatus, phases: [report], exported: [] };
}

function isDue(phase: Phase, trouble: PhaseReport | undefined): boolean {
  if (!trouble) return true;
  const { PhaseType, PhaseStatus } = trouble;
  return phase === 'post_build' && PhaseType === 'BUILD' && PhaseStatus === 'FAILED';
}

function reportOf(phase: Phase, end: PhaseEnd, signal: AbortSignal): PhaseReport {
  const PhaseType = phase.toUpperCase();
  if (signal.aborted) return cutShort(PhaseType, signal);
  if (end.exitCode === 0) return { PhaseType, PhaseStatus: 'SUCCEEDED', Contexts: [] };
  const Message = `Error while executing command: ${end.command}. Reason: exit status ${end.exitCode}`;
  return {
    PhaseType,
    PhaseStatus: 'FAILED',
    Contexts: [{ StatusCode: 'COMMAND_EXECUTION_ERROR', Message }],
  };
}

function cutShort(PhaseType: string, { reason }: AbortSignal): PhaseReport {
  const isLate = reason instanceof Error && reason.name === 'TimeoutError';
  const PhaseStatus = isLate ? 'TIMED_OUT' : 'STOPPED';
  const Message = isLate ? 'Build has timed out.' : 'Build was stopped.';
  return { PhaseType, PhaseStatus, Contexts: [{ StatusCode: `BUILD_${PhaseStatus}`, Message }] };
}

/** In CodeBuild's wording, so that one reader explains both logs. */
function linesOf({ PhaseType, PhaseStatus, Contexts }: PhaseReport): string {
  const contexts = Contexts.map(
    ({ StatusCode, Message }) =>
      `[Container] Phase context status code: ${StatusCode} Message: ${Message}\n`,
  );
  return `[Container] Phase complete: ${PhaseType} State: ${PhaseStatus}\n${contexts.join('')}`;
}
