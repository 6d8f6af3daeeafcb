import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyOutput } from '#adapters/local/files/copy-output.ts';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import type { OrphanGuard } from '#adapters/local/processes/orphan-guard.ts';
import { lowerPriority } from '#adapters/local/processes/priority.ts';
import { Failure } from '#domain/failure.ts';

export type Variables = Readonly<Record<string, string>>;

export type PhasePlan = {
  readonly commands: readonly string[];
  readonly directory: string;
  readonly environment: Variables;
  /** A folder for its temporary files. */
  readonly scratch: string;
  /** Receives the commands' output. */
  readonly log: Pick<RevisionLog, 'append'>;
  readonly signal: AbortSignal;
  readonly guard: OrphanGuard;
  /** Watches the processes of the session that this one leads; what it returns ends that. */
  readonly watch: (leader: number) => () => void;
};

/** `command` is the last one that ran; `environment` is what it left behind. */
export type PhaseEnd = {
  readonly exitCode: number;
  readonly command: string;
  readonly environment: Variables;
};

const KILLED = 137;
// The log takes 1 MiB a second. The last lines of a build say why it failed, and short ones are many.
const LAST_OUTPUT_MS = 5_000;

/**
 * Runs a phase's commands in order in one bash, until one fails.
 * Exported variables carry over to the next phase; CodeBuild may also carry the working directory and unexported ones.
 * When `signal` aborts, the commands and everything they started are killed.
 */
export async function runPhase(plan: PhasePlan): Promise<PhaseEnd> {
  const statePath = join(plan.scratch, 'state');
  const exitCode = await runBash(script(plan.commands, statePath), plan);
  const state = await readFile(statePath, 'utf8').catch(() => '');
  const [command = '', ...variables] = state.split('\0');
  return { exitCode, command, environment: readVariables(variables) };
}

function script(commands: readonly string[], statePath: string): string {
  const begin = `trap '{ printf "%s\\0" "$slipway_command"; env -0; } >"$slipway_state"' EXIT`;
  const steps = commands.map(
    (command) => `slipway_command=${quote(command)}
printf '[Container] Running command %s\\n' "$slipway_command"
eval "$slipway_command"
slipway_status=$?
[ $slipway_status -eq 0 ] || exit $slipway_status`,
  );
  return [`slipway_state=${quote(statePath)}`, begin, ...steps].join('\n');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function runBash(text: string, plan: PhasePlan): Promise<number> {
  const { directory, environment, log, signal, guard, watch } = plan;
  if (signal.aborted) return Promise.resolve(KILLED);
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['-c', `exec 2>&1\n${text}`], {
      cwd: directory,
      env: environment,
      // One pipe for both streams, so that their lines stay in order.
      stdio: ['ignore', 'pipe', 'ignore'],
      detached: true,
    });
    const { pid } = shell;
    shell.on('error', (cause) =>
      reject(
        new Failure('PlatformUnavailable', `bash could not be started in ${directory}`, {
          cause,
          fix: 'Install bash.',
        }),
      ),
    );
    if (pid === undefined) return;
    lowerPriority(pid);
    const kill = () => killGroup(pid);
    const forget = guard.watch(pid);
    const unwatch = watch(pid);
    const lastOutput = copyOutput(shell, log, LAST_OUTPUT_MS);
    signal.addEventListener('abort', kill);
    shell.on('exit', (code) => {
      signal.removeEventListener('abort', kill);
      kill();
      forget();
      unwatch();
      void lastOutput().then(() => resolve(code ?? KILLED));
    });
  });
}

/** Kills a group of processes, which may already be empty. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {}
}

function readVariables(entries: readonly string[]): Variables {
  const pairs = entries
    .filter((entry) => entry.includes('='))
    .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]);
  return Object.fromEntries(pairs);
}
