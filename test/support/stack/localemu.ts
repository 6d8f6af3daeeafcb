import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { listen } from '#adapters/local/http/listen.ts';
import type { Moto } from '../aws/moto.ts';
import { eventually } from '../clock/eventually.ts';
import { freePort } from './free-port.ts';

/** An invocation that LocalEmu hands to a version of a function. */
export type Invocation = {
  readonly function: string;
  readonly version: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly event: unknown;
};

export type LocalEmu = Moto & {
  /** The URL of a stage of an API. */
  apiUrl(api: string, stage: string): string;
};

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');
const python = join(tools, 'localemu-1.3.2/bin/python');
const SERVER = fileURLToPath(new URL('./localemu/server.py', import.meta.url));

export const isLocalEmuHere = existsSync(python);
export const whyNoLocalEmu = `LocalEmu is not installed in ${dirname(python)}: .ci/tools does that, with Python 3.13`;

/** A separate LocalEmu, which draws a version and lets `run` answer its invocation. */
export async function startLocalEmu(
  run: (invocation: Invocation) => Promise<unknown>,
): Promise<LocalEmu> {
  const functions = createServer((request, response) => {
    json(request)
      .then((asked) => run(asked as Invocation))
      .then(
        (value) => response.end(JSON.stringify(value)),
        (error: Error) => {
          response.setHeader('x-amz-function-error', 'Unhandled');
          response.end(JSON.stringify({ errorType: error.name, errorMessage: error.message }));
        },
      );
  });
  const functionsPort = await listen(functions, { host: '127.0.0.1', port: 0 });
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'slipway-localemu-'));
  const server = spawn(python, [SERVER], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {
      PATH: `${dirname(python)}:${process.env['PATH']}`,
      HOME: folder,
      TMPDIR: folder,
      GATEWAY_LISTEN: `127.0.0.1:${port}`,
      SLIPWAY_FUNCTIONS: `http://127.0.0.1:${functionsPort}/`,
      // It looks for an engine that is not its own.
      DOCKER_HOST: 'unix:///nowhere',
      DISABLE_EVENTS: '1',
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await eventually(() => isReady(endpoint, server));
  return {
    endpoint,
    port,
    apiUrl: (api, stage) => `${endpoint}/_aws/execute-api/${api}/${stage}`,
    // It is new.
    reset: async () => undefined,
    async close() {
      const gone = once(server, 'exit');
      server.stdin.end();
      await gone;
      functions.closeAllConnections();
      await new Promise((resolve) => functions.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(endpoint: string, { exitCode }: ChildProcess): Promise<boolean> {
  if (exitCode !== null) throw new Error(`LocalEmu ended with ${exitCode}`);
  const answer = await fetch(`${endpoint}/_localemu/health`).catch(() => undefined);
  return answer?.ok ?? false;
}
