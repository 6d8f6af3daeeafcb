import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../clock/eventually.ts';
import { freePort } from '../stack/free-port.ts';

const run = promisify(execFile);
const REGISTRY = fileURLToPath(new URL('../../doors/python/mlflow_registry.py', import.meta.url));

export type MlflowServer = {
  readonly url: string;
  /** Works in its registry as its users do, by mlflow_registry.py. */
  registry(...args: readonly string[]): Promise<string>;
  tagsOf(version: string): Promise<Readonly<Record<string, string>>>;
  stop(): void;
};

/** MLflow's own server, with its files in a folder, which reports to addresses of this machine too. */
export async function startMlflow(python: string, folder: string): Promise<MlflowServer> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { PATH: process.env['PATH'], HOME: folder };
  const server = ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1'];
  const stores = [
    ...['--backend-store-uri', 'sqlite:///mlflow.db'],
    ...['--artifacts-destination', './files'],
  ];
  const mlflow = spawn(python, ['-m', 'mlflow', ...server, ...stores], {
    cwd: folder,
    // It posts its webhooks to public addresses alone, unless it is told otherwise.
    env: {
      ...env,
      MLFLOW_WEBHOOK_ALLOWED_SCHEMES: 'http',
      MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
      MLFLOW_WEBHOOK_CACHE_TTL: '1',
    },
    stdio: 'ignore',
    detached: true,
  });
  await eventually(async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok);
  const registry = async (...args: readonly string[]) =>
    (await run(python, [REGISTRY, url, ...args], { env, cwd: folder })).stdout;
  return {
    url,
    registry,
    tagsOf: async (version) => JSON.parse(await registry('tags', 'Adder', version)),
    // Its workers are processes of its group.
    stop: () => void (mlflow.pid && process.kill(-mlflow.pid, 'SIGKILL')),
  };
}
