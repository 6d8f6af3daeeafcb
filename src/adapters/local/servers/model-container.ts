import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';
import { docker } from '#adapters/local/images/docker.ts';
import { type ContainerUsage, containerUsage } from '#adapters/local/processes/container-usage.ts';
import type { BuiltImage } from '#domain/build/image.ts';
import { RUNTIMES, runtimeEnvironment, type ServerPlace } from '#domain/build/runtime.ts';
import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import { answerEnvironment, type RevisionSpec } from '#ports/platform.ts';
import { type ModelServer, type ServerKind, stillborn, supervise } from './model-server.ts';

type Plan = {
  readonly spec: RevisionSpec;
  readonly image: BuiltImage;
  readonly network: string;
  /** Identifies the containers of one Slipway. */
  readonly label: string;
  readonly log: RevisionLog;
};

const POLL_MS = 25;
const CPU_UNITS_PER_VCPU = 1024;
// The engine's own weight of a container, and half of it: a container that serves gets two thirds of a core that both want, as a process does (priority.ts).
// https://docs.docker.com/engine/containers/resource_constraints/#configure-the-default-cfs-scheduler
const CPU_SHARES = { full: 1024, low: 512 } as const;
const PLACE = '{{.Id}} {{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
// 128 + SIGKILL
const KILLED = 137;

/**
 * Starts a revision's image in a container with its target's memory and CPU, and otherwise Lambda's limits: 512 MiB of /tmp and no outbound network; its runtime says what else it may do.
 * The container ends when its standard input closes, so none is left however Slipway dies.
 */
export function startModelContainer(plan: Plan): ModelServer {
  const name = `slipway-${plan.spec.revision}-${randomBytes(4).toString('hex')}`;
  try {
    const child = spawn('docker', ['run', ...flags(name, plan), plan.image.digest], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    return supervise(() => containerKind(name, child, plan));
  } catch (error) {
    return stillborn(`could not be started: ${error}`);
  }
}

function flags(name: string, { spec, network, label }: Plan): readonly string[] {
  const { container } = RUNTIMES[spec.runtime];
  const memory = `${spec.memoryMiB}m`;
  const cpus = Math.min(spec.cpuUnits / CPU_UNITS_PER_VCPU, availableParallelism());
  const environment = {
    MODEL_PATH: `/opt/model/${spec.modelFile}`,
    MODEL_NAME: spec.model,
    MODEL_VERSION: String(spec.version),
    SLIPWAY_REVISION: spec.revision,
    PORT: String(spec.server.port),
    END_WITH_STDIN: 'true',
    ...runtimeEnvironment(spec),
    ...answerEnvironment(spec),
  };
  return [
    // As process 1, a server could not end itself.
    ...['--init', '--interactive', '--name', name, '--label', label, '--network', network],
    ...['--memory', memory, '--memory-swap', memory, '--cpus', cpus.toFixed(2)],
    ...(container.isReadOnly ? ['--read-only', ...sharedMemory(spec)] : []),
    ...['--tmpfs', `/tmp:rw,size=${limits.ephemeralMinMiB}m`],
    ...['--cap-drop', 'ALL', ...container.capabilities.flatMap((name) => ['--cap-add', name])],
    ...['--security-opt', 'no-new-privileges'],
    ...['--pids-limit', String(limits.processesMax)],
    ...(spec.accelerator ? ['--gpus', String(spec.accelerator.count)] : []),
    ...Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
  ];
}

/** The processes of a server on GPUs exchange what they computed through it; no other server has any. */
function sharedMemory({ gpuServing }: RevisionSpec): readonly string[] {
  return gpuServing ? ['--ipc', 'private', '--shm-size', '8g'] : ['--ipc', 'none'];
}

function containerKind(name: string, child: ChildProcess, { spec, log }: Plan): ServerKind {
  let ending: Ending | undefined;
  const container = serverContainer(name);
  // The engine may exit before it reads what is written; nothing is written.
  child.stdin?.on('error', () => undefined);
  return {
    child,
    isOwnProcess: false,
    container,
    log,
    startupTimeoutSeconds: spec.startupTimeoutSeconds,
    ready: whenReady(child, spec.server, container.origin),
    signal(signal) {
      docker('kill', '--signal', signal, name).catch(() => child.kill(signal));
    },
    async release() {
      ending = await explain(name, child, spec.memoryMiB);
      await docker('rm', '--force', name).catch(() => undefined);
    },
    howItEnded: () => ending?.reason ?? exit(child, spec.memoryMiB),
    isOutOfMemory: () => ending?.isOutOfMemory ?? false,
  };
}

/** Resolves with the server's origin once it answers that its model is loaded; never if it ends first. */
async function whenReady(
  child: ChildProcess,
  { port, healthPath }: ServerPlace,
  originOf: (port: number) => Promise<string>,
): Promise<string> {
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  let origin = '';
  while (isRunning()) {
    origin ||= await originOf(port);
    if (origin && (await isLoaded(origin + healthPath))) return origin;
    await sleep(POLL_MS);
  }
  return new Promise(() => undefined);
}

/** The container of this name, which the engine may not have made yet. */
function serverContainer(name: string) {
  let usage: ContainerUsage | undefined;
  let wanted: keyof typeof CPU_SHARES = 'full';
  let weight: keyof typeof CPU_SHARES = wanted;

  function settle(): void {
    if (!usage || weight === wanted) return;
    weight = wanted;
    docker('update', '--cpu-shares', String(CPU_SHARES[wanted]), name).catch(() => undefined);
  }

  return {
    memoryMiB: () => usage?.memoryMiB() ?? null,
    cpuSeconds: () => usage?.cpuSeconds() ?? null,
    weigh(next: typeof wanted) {
      wanted = next;
      settle();
    },
    /** Empty until it has an address. */
    async origin(port: number): Promise<string> {
      const answer = await docker('inspect', '--format', PLACE, name).catch(() => '');
      const [id = '', pid = '', address = ''] = answer.split(' ');
      if (!address) return '';
      usage ??= containerUsage(id, Number(pid));
      settle();
      return `http://${address}:${port}`;
    },
  };
}

async function isLoaded(url: string): Promise<boolean> {
  try {
    const { request } = await import('undici');
    const { statusCode, body } = await request(url);
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

type Ending = { readonly reason: string; readonly isOutOfMemory: boolean };

async function explain(name: string, child: ChildProcess, memoryMiB: number): Promise<Ending> {
  const format = '{{.State.OOMKilled}}';
  const isKilled = await docker('inspect', '--format', format, name).catch(() => '');
  if (isKilled === 'true') {
    return { reason: `used more than its limit of ${memoryMiB} MiB`, isOutOfMemory: true };
  }
  return { reason: exit(child, memoryMiB) ?? 'ended', isOutOfMemory: false };
}

function exit({ exitCode, signalCode }: ChildProcess, memoryMiB: number): string | undefined {
  if (signalCode !== null) return `was terminated by ${signalCode}`;
  // Only the engine knows, a moment later, whether memory was the cause.
  if (exitCode === KILLED)
    return `was killed, probably for using more than its limit of ${memoryMiB} MiB`;
  return exitCode === null ? undefined : `exited with code ${exitCode}`;
}
