import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { freePort } from '../proxies.ts';
import type { Kind, Optimize, Prepared, Question } from './prepare.ts';

const HERE = import.meta.dirname;
const SOURCES = fileURLToPath(new URL('../../runtimes/onnx', import.meta.url));
// From there it finds onnxruntime.
export const BUNDLE = fileURLToPath(
  new URL('../../node_modules/.cache/slipway-bench', import.meta.url),
);

export const SIDES = ['auto', 'none', 'fastapi', 'kserve'] as const;
export type Side = (typeof SIDES)[number];

/** A model server that has been started, and may not listen yet. */
export type Server = {
  readonly pid: number;
  readonly url: string;
  body(question: Question): string;
  /** Throws once it has ended by itself. */
  requireAlive(): void;
  stop(): Promise<void>;
};

type Start = {
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string>>;
  readonly path: string;
  readonly body: Server['body'];
};

/** The ONNX server as it ships, in one file for each thread. */
export async function bundleOnnxServer(): Promise<void> {
  await build({
    entryPoints: ['main.ts', 'session-worker.ts'].map((file) => join(SOURCES, file)),
    outdir: BUNDLE,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node22',
  });
}

/** Starts the server of one side on the model of one kind: a process of its own, on a free port. */
export async function startServer(prepared: Prepared, kind: Kind, side: Side): Promise<Server> {
  const start =
    side === 'fastapi' || side === 'kserve'
      ? ownServer(prepared, kind, side)
      : slipwayServer(prepared, kind, side);
  const [program, ...given] = start.command;
  const port = await freePort();
  const log = join(prepared.folder, `${kind}-${side}.log`);
  const into = openSync(log, 'w');
  const child = spawn(program, given, {
    cwd: HERE,
    env: { PATH: process.env['PATH'], HOST: '127.0.0.1', PORT: `${port}`, ...start.environment },
    stdio: ['ignore', into, into],
  });
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}${start.path}`,
    body: start.body,
    requireAlive() {
      if (hasEnded(child)) throw new Error(`${kind} of ${side} has ended: ${log}`);
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

/** As `src/adapters/local/servers/process-servers.ts` starts what a build has made. */
function slipwayServer({ image }: Prepared, kind: Kind, optimize: Optimize): Start {
  const { folder, file, isOnnx } = image(kind, optimize);
  const python = join(folder, 'environment', 'bin', 'python');
  return {
    command: isOnnx
      ? [process.execPath, join(BUNDLE, 'main.js')]
      : [python, '-m', 'slipway_server'],
    environment: {
      MODEL_PATH: join(folder, 'model', file),
      MODEL_FACTS: join(folder, 'facts.json'),
      MODEL_NAME: 'm',
      HOME: tmpdir(),
      ORT_DISABLE_TELEMETRY: '1',
    },
    path: '/v2/models/m/infer',
    body: inferBody,
  };
}

function ownServer(
  { python, bare, modelPath }: Prepared,
  kind: Kind,
  side: 'fastapi' | 'kserve',
): Start {
  const needsAll = side === 'kserve' || kind === 'forest' || kind === 'pipeline';
  return {
    command: [needsAll ? python : bare, join(HERE, `${side}_server.py`)],
    environment: { MODEL_PATH: modelPath(kind), MODEL_KIND: kind },
    path: side === 'fastapi' ? '/predict' : '/v2/models/m/infer',
    body: side === 'fastapi' ? ({ plain }) => JSON.stringify(plain) : inferBody,
  };
}

// The request has an id, since KServe makes one up otherwise.
function inferBody({ infer }: Question): string {
  return JSON.stringify({ id: 'asked', ...infer });
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
