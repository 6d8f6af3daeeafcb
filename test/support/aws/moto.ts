import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../clock/eventually.ts';

export type Moto = {
  readonly endpoint: string;
  readonly port: number;
  /** Forgets everything that was made in it. */
  reset(): Promise<void>;
  close(): Promise<void>;
};

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');
const bin = join(tools, 'moto-5.2.5/bin');

/** The Python that runs moto, which has boto3. */
export const MOTO_PYTHON = join(bin, 'python');

export const isMotoHere = existsSync(join(bin, 'moto_server'));

const SERVER = fileURLToPath(new URL('./moto-server.py', import.meta.url));

/** Turns off work that costs CPU and that no test looks at: machine images, which are read again after each reset, headers for browsers, and an engine in which moto would run functions that it invokes by itself. */
const LEFT_OUT = {
  MOTO_EC2_LOAD_DEFAULT_AMIS: 'false',
  MOTO_DISABLE_GLOBAL_CORS: 'true',
  DOCKER_HOST: 'unix:///nowhere',
};

/** A separate moto on a free port; `environment` is added to its variables. */
export async function startMoto(environment: Readonly<Record<string, string>> = {}): Promise<Moto> {
  const server = spawn(MOTO_PYTHON, [SERVER], {
    env: { ...process.env, ...LEFT_OUT, ...environment },
    // moto writes its failures there.
    stdio: ['pipe', 'pipe', 'inherit'],
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

let shared: Promise<Moto> | undefined;

/** The moto of all suites of this process: its start costs seconds of CPU. It ends with the process. */
function sharedMoto(): Promise<Moto> {
  shared ??= startMoto();
  return shared;
}

/** A suite against a moto without leftovers of the suite before; skipped, with the reason, where moto is not installed. */
export function describeOnMoto(name: string, body: (moto: () => Moto) => void): void {
  if (!isMotoHere) {
    process.stderr.write(`skipped: ${name}: moto is not installed in ${bin}\n`);
    describe.skip(name, () => body(unavailable));
    return;
  }
  describe(name, () => {
    let moto: Moto;
    beforeAll(async () => {
      moto = await sharedMoto();
      await moto.reset();
    });
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
    server.once('error', reject);
    server.once('close', (code) => reject(new Error(`moto ended with ${code}: ${said}`)));
  });
}

async function isAnswering(endpoint: string): Promise<boolean> {
  const answer = await fetch(`${endpoint}/moto-api/data.json`).catch(() => undefined);
  return answer?.ok ?? false;
}
