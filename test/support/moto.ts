import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

export type Moto = {
  readonly endpoint: string;
  readonly port: number;
  /** Forgets everything that was made in it. */
  reset(): Promise<void>;
  close(): Promise<void>;
};

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');
const bin = join(tools, 'moto-5.2.5/bin');

export const isMotoHere = existsSync(join(bin, 'moto_server'));

// moto_server, which ends with the process that holds its standard input: a killed test run leaves none behind.
const SERVER = `
import os, sys, threading
def leave():
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=leave, daemon=True).start()
from moto.server import main
main(['-H', '127.0.0.1', '-p', '0'])
`;

/** A moto of its own on a free port; `environment` is added to its variables. */
export async function startMoto(environment: Readonly<Record<string, string>> = {}): Promise<Moto> {
  const server = spawn(join(bin, 'python'), ['-c', SERVER], {
    env: { ...process.env, ...environment },
  });
  const port = await listeningPort(server);
  const endpoint = `http://127.0.0.1:${port}`;
  await eventually(() => isAnswering(endpoint));
  return {
    endpoint,
    port,
    async reset() {
      await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
    },
    close: () =>
      new Promise((resolve) => {
        server.once('close', () => resolve());
        server.stdin?.end();
      }),
  };
}

/** A suite against a moto of its own; skipped, with the reason, where moto is not installed. */
export function describeOnMoto(name: string, body: (moto: () => Moto) => void): void {
  if (!isMotoHere) {
    process.stderr.write(`skipped: ${name}: moto is not installed in ${bin}\n`);
    describe.skip(name, () => body(unavailable));
    return;
  }
  describe(name, () => {
    let moto: Moto;
    beforeAll(async () => {
      moto = await startMoto();
    });
    afterAll(() => moto.close());
    body(() => moto);
  });
}

function unavailable(): never {
  throw new Error(`moto is not installed in ${bin}`);
}

function listeningPort(server: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = '';
    const listen = (text: Buffer) => {
      said = `${said}${text}`.slice(-4000);
      const port = /Running on http:\/\/127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port) resolve(Number(port));
    };
    server.stdout?.on('data', listen);
    server.stderr?.on('data', listen);
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`moto ended with ${code}: ${said}`)));
  });
}

async function isAnswering(endpoint: string): Promise<boolean> {
  const answer = await fetch(`${endpoint}/moto-api/data.json`).catch(() => undefined);
  return answer?.ok ?? false;
}
