import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StepMoment } from '#adapters/local/workflow/workflow-engine.ts';
import type { SlipwayEvent } from '#domain/event.ts';
import { isTerminal } from '#domain/phase.ts';
import { machineControl } from '../../../src/cli/one-machine.ts';
import { eventually, unlessHung } from '../clock/eventually.ts';
import { run } from '../local/commands.ts';
import type { Held, Special } from './configured.ts';

const MAIN = fileURLToPath(new URL('../../../slipway.js', import.meta.url));
const CONFIGURED = fileURLToPath(new URL('./configured.ts', import.meta.url));

const SETTLED_LOOK_MS = 30;

/** A Slipway in a separate process, as a user starts it, and a user's ways to use it. */
export type RunningSlipway = {
  readonly dataDir: string;
  readonly gateway: string;
  readonly control: string;
  readonly token: string;
  readonly process: ChildProcess;
  /** Its output to stdout and stderr. */
  output(): string;
  /** Puts a file in the bucket by renaming it in. */
  drop(key: string, bytes: Uint8Array | string): void;
  events(model: string): Promise<readonly SlipwayEvent[]>;
  /** The terminal events of the model's deployments so far, oldest first. */
  endings(model: string): Promise<readonly SlipwayEvent['detail'][]>;
  /** The `n`th terminal event of the model's deployments, once it is there. */
  ending(model: string, n: number): Promise<SlipwayEvent>;
  /** The first event of the model that is such, once it is there. */
  told(model: string, isSuch: (detail: SlipwayEvent['detail']) => boolean): Promise<SlipwayEvent>;
  /** Resolves once nothing of the model is under way any more. */
  settled(model: string): Promise<void>;
  /** Asks its control API, with its token. */
  api(path: string, init?: RequestInit): Promise<Response>;
  get(path: string): Promise<unknown>;
  /** Asks for something by the control API; answers once that has begun. */
  ask(model: string, what: string): Promise<{ readonly kind: string; readonly says: string }>;
  /** Runs the command line on it, and returns its output once it has ended. */
  command(...args: readonly string[]): ReturnType<typeof run>;
  infer(model: string, body: unknown): Promise<Response>;
  /** The process and its children vanish as in a power cut; answers once it is gone. */
  kill(): Promise<void>;
  stop(): Promise<number | null>;
  /** Ends it however the test ended. */
  [Symbol.asyncDispose](): Promise<void>;
};

export async function temporaryFolder(): Promise<{
  path: string;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const path = await mkdtemp(join(tmpdir(), 'slipway-'));
  // A process that was killed while it wrote to a slow disk ends once that is done.
  const gone = { recursive: true, force: true, maxRetries: 10 };
  return { path, [Symbol.asyncDispose]: () => rm(path, gone) };
}

/** Starts Slipway on a data folder. If `atStep` is given, no step begins or ends before it has resolved. */
export async function startSlipway(
  dataDir: string,
  special: Special = {},
  atStep?: (at: StepMoment) => Promise<void>,
): Promise<RunningSlipway> {
  const args = startArguments(dataDir, atStep ? { ...special, isStepwise: true } : special);
  // Its processes are killed and replaced: their coverage would be torn, and costs them seconds.
  const { NODE_V8_COVERAGE: _, ...env } = process.env;
  const child = spawn(process.execPath, args, {
    env: { ...env, ...special.environment },
    stdio: ['ignore', 'pipe', 'pipe', ...(atStep ? (['ipc'] as const) : [])],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text) => {
      output += text;
    });
  }
  child.on('message', async ({ n, ...at }: Held) => {
    await atStep?.(at);
    // It may have been killed meanwhile.
    child.send(n, () => {});
  });
  const exited = once(child, 'exit');
  const { gateway, ...at } = await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`Slipway did not start: ${output}`);
    const instance = readInstance(dataDir);
    return instance?.pid === child.pid ? instance : undefined;
  });

  const api: RunningSlipway['api'] = (path, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${at.token}`);
    return fetch(`${at.control}${path}`, { ...init, headers });
  };
  const control = machineControl(at);
  const events = async (model: string) => {
    const found: SlipwayEvent[] = [];
    for await (const { event } of await control.readEvents({ model, follow: false }))
      found.push(event);
    return found;
  };
  const endings = async (model: string) => (await events(model)).filter(isEnding);
  const nth = async (model: string, n: number, isSuch: (event: SlipwayEvent) => boolean) => {
    let count = 0;
    for await (const { event } of await control.readEvents({ model, follow: true })) {
      if (isSuch(event)) count += 1;
      if (count === n) return event;
    }
    throw new Error(`Slipway ended before it told of ${model}: ${output}`);
  };

  return {
    dataDir,
    gateway,
    ...at,
    api,
    process: child,
    output: () => output,
    drop: (key, bytes) => drop(dataDir, key, bytes),
    events,
    endings: async (model) => (await endings(model)).map(({ detail }) => detail),
    ending: (model, n) => unlessHung(`end ${n} of ${model}`, nth(model, n, isEnding)),
    told: (model, isSuch) =>
      unlessHung(
        `${isSuch} of ${model}`,
        nth(model, 1, ({ detail }) => isSuch(detail)),
      ),
    settled: (model) => settled(at, model),
    get: async (path) => (await api(path)).json(),
    async ask(model, what) {
      const response = await api(`/models/${model}/${what}`, { method: 'POST' });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as { kind: string; says: string };
    },
    command: (...args) => run(process.execPath, [MAIN, ...args, '--data', dataDir]),
    infer: (model, body) =>
      fetch(`${gateway}/models/${model}/v2/models/${model}/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
      return child.exitCode;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

function startArguments(dataDir: string, special: Special): readonly string[] {
  if (Object.keys(special).length === 0) {
    return [MAIN, 'start', '--data', dataDir, '--port', '0', '--control-port', '0'];
  }
  return [CONFIGURED, JSON.stringify({ ...special, config: { dataDir, ...special.config } })];
}

/** Deployments that are over stay so. */
const ended = new Set<string>();

async function settled(at: { control: string; token: string }, model: string): Promise<void> {
  const { readEvents, readDeployment } = machineControl(at);
  const ids = new Set<string>();
  for await (const { event } of await readEvents({ model, follow: false })) {
    ids.add(event.detail.deploymentId);
  }
  for (const id of [...ids].filter((known) => !ended.has(known))) {
    await eventually(async () => {
      const { endedAtMs } = await readDeployment({ id });
      return endedAtMs !== null;
    }, SETTLED_LOOK_MS);
    ended.add(id);
  }
}

/** Puts a file in a bucket folder whether a Slipway runs on it or not. */
export function drop(dataDir: string, key: string, bytes: Uint8Array | string): void {
  const path = join(dataDir, 'bucket', key);
  mkdirSync(dirname(path), { recursive: true });
  const aside = join(dataDir, `dropped-${process.pid}`);
  writeFileSync(aside, bytes);
  renameSync(aside, path);
}

export function isEnding({ detail, ...event }: SlipwayEvent): boolean {
  return event['detail-type'] === 'Deployment State Change' && detail.state in ENDINGS;
}

const ENDINGS = Object.fromEntries(
  (
    [
      'Live',
      'Rejected',
      'Ignored',
      'Superseded',
      'Aborted',
      'Failed',
      'RolledBack',
      'Undeployed',
    ] as const
  )
    .filter(isTerminal)
    .map((state) => [state, true]),
);

export function readInstance(
  dataDir: string,
): { pid: number; gateway: string; control: string; token: string } | undefined {
  const path = join(dataDir, 'instance.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}

/** The processes that serve a model of this folder: model servers of a Slipway that runs, or ran, on it. */
export function processesOf(dataDir: string): readonly number[] {
  return [...modelPaths()].filter(([, path]) => path.startsWith(dataDir)).map(([pid]) => pid);
}

/** The most memory that a process of this revision has held, in bytes (proc(5), `VmHWM`); 0 where it has no process. */
export function mostHeldBy(dataDir: string, revision: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const held = pids.map((pid) => {
    try {
      const isIts = readlinkSync(`/proc/${pid}/cwd`).startsWith(dataDir) && serves(pid, revision);
      const [, kilobytes = 0] = (isIts && /^VmHWM:\s+(\d+) kB/m.exec(proc(pid, 'status'))) || [];
      return Number(kilobytes) * 1024;
    } catch {
      return 0;
    }
  });
  return Math.max(0, ...held);
}

/** The title of a server that was started before its model says the revision; that of one in Python the first 15 letters. */
function serves(pid: string, revision: string): boolean {
  return (
    proc(pid, 'environ').split('\0').includes(`SLIPWAY_REVISION=${revision}`) ||
    proc(pid, 'cmdline').startsWith(`slipway-onnx ${revision}\0`) ||
    proc(pid, 'comm').trimEnd() === revision.slice(0, 15)
  );
}

function proc(pid: string, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8');
}

/** The revisions of this folder that have a process. */
export function servedIn(dataDir: string): readonly string[] {
  const revisions = [...modelPaths().values()].flatMap((path) =>
    path.startsWith(dataDir) ? (path.split('/revisions/')[1]?.split('/')[0] ?? []) : [],
  );
  return [...new Set(revisions)].sort();
}

/** The title of a server that was started before its model says the revision, once it has one. */
function spareModelPath(pid: string): string {
  const folder = readlinkSync(`/proc/${pid}/cwd`);
  const [, revision] =
    /^slipway-onnx ([^\s\0]+)/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? [];
  return revision ? join(folder, '../../..', 'revisions', revision, 'artifact') : folder;
}

/** The model that each model server on this machine serves, or awaits. */
function modelPaths(): ReadonlyMap<number, string> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const served = pids.flatMap((pid): [number, string][] => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      const path = environment.includes('\0AWAIT_MODEL=')
        ? spareModelPath(pid)
        : /(?:^|\0)MODEL_PATH=([^\0]+)/.exec(environment)?.[1];
      return path === undefined ? [] : [[Number(pid), path]];
    } catch {
      return [];
    }
  });
  return new Map(served);
}
