import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../proxies.ts';
import { BUNDLE } from '../python-servers/servers.ts';
import type { Peer } from './subject.ts';

export const MODEL = 'm';

/** A server that has been started, and may not listen yet. */
export type Server = {
  readonly pid: number;
  readonly origin: string;
  /** Throws once it has ended by itself. */
  requireAlive(): void;
  stop(): Promise<void>;
};

export function startPeer({ python, script, modelPath }: Peer): Promise<Server> {
  const file = join(import.meta.dirname, script);
  return started(python, [file], { MODEL_PATH: modelPath });
}

/** The model server of an image that a build has made, as Slipway starts it, with nothing before it. */
export function startOurs(image: string): Promise<Server> {
  const model = join(image, 'model');
  const names = readdirSync(model);
  // One file, or the files of a folder.
  const modelPath = names.length === 1 ? join(model, names[0] ?? '') : model;
  const environment = {
    MODEL_PATH: modelPath,
    MODEL_FACTS: join(image, 'facts.json'),
    MODEL_NAME: MODEL,
    HOME: tmpdir(),
    ORT_DISABLE_TELEMETRY: '1',
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  };
  const files = readdirSync(model, { recursive: true });
  if (files.some((name) => String(name).endsWith('.onnx'))) {
    return started(process.execPath, [join(BUNDLE, 'main.js')], environment);
  }
  return started(join(image, 'environment/bin/python'), ['-m', 'slipway_server'], environment);
}

/** Slipway's server of a language model in a GGUF file, whose threads look that often before they sleep. */
export function startGguf(
  python: string,
  { weights, facts, spins }: { weights: string; facts: string; spins: number },
): Promise<Server> {
  return started(python, ['-m', 'slipway_server'], {
    PYTHONPATH: fileURLToPath(new URL('../../runtimes/python', import.meta.url)),
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    GOMP_SPINCOUNT: String(spins),
    MODEL_PATH: weights,
    MODEL_FACTS: facts,
    MODEL_NAME: MODEL,
    HOME: tmpdir(),
  });
}

async function started(
  program: string,
  given: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Server> {
  const port = await freePort();
  const log = join(tmpdir(), `slipway-bench-${process.pid}.log`);
  const into = openSync(log, 'w');
  const child = spawn(program, given, {
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: `${port}`, ...environment },
    stdio: ['ignore', into, into],
  });
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    origin: `http://127.0.0.1:${port}`,
    requireAlive() {
      if (hasEnded(child)) throw new Error(`${program} ${given.join(' ')} has ended: ${log}`);
    },
    async stop() {
      if (hasEnded(child)) return;
      const exited = once(child, 'exit');
      // Nothing is in flight, and a drain would only take time.
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
