import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { eventually } from '../clock/eventually.ts';
import { freePort } from './free-port.ts';

export type Ministack = {
  readonly endpoint: string;
  /** Its output so far. */
  output(): string;
  close(): Promise<void>;
};

const tools = process.env['SLIPWAY_TOOLS'] ?? join(homedir(), '.cache/slipway-tools');
const program = join(tools, 'ministack-1.5.33/bin/ministack');

export const isMinistackHere = existsSync(program);
export const whyNoMinistack = `ministack is not installed in ${program}: .ci/tools does that`;

/** Its account. */
export const MINISTACK_ACCOUNT = '000000000000';

/** A separate ministack, which runs functions with this process's Node. */
export async function startMinistack(): Promise<Ministack> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'slipway-ministack-'));
  const server = spawn(program, [], {
    cwd: folder,
    // Without the settings of IoT it would also listen on all addresses.
    env: {
      PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
      HOME: folder,
      TMPDIR: folder,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LAMBDA_EXECUTOR: 'local',
      IOT_MTLS_ENABLED: '0',
      IOT_MTLS_PORT: '0',
    },
  });
  let said = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (text) => {
      said += text;
    });
  }
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = () => server.kill('SIGKILL');
  process.once('exit', stop);
  await eventually(() => isReady(endpoint, server));
  return {
    endpoint,
    output: () => said,
    async close() {
      const gone = once(server, 'exit');
      server.kill('SIGTERM');
      await gone;
      process.off('exit', stop);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(endpoint: string, { exitCode }: ChildProcess): Promise<boolean> {
  if (exitCode !== null) throw new Error(`ministack ended with ${exitCode}`);
  const answer = await fetch(`${endpoint}/_ministack/health`).catch(() => undefined);
  return answer?.ok ?? false;
}
