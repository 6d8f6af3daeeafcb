import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../clock/eventually.ts';
import { freePort } from '../stack/free-port.ts';

const REGISTRY = fileURLToPath(new URL('../../doors/python/mlflow_registry.py', import.meta.url));

export type MlflowServer = {
  readonly url: string;
  /** Works in its registry as its users do, by mlflow_registry.py; one call at a time. */
  registry(...args: readonly string[]): Promise<unknown>;
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
      // Six processes for evaluations and the like, which no test asks for.
      MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
    },
    stdio: 'ignore',
    detached: true,
  });
  await eventually(async () => (await fetch(`${url}/health`).catch(() => undefined))?.ok);
  const user = userOf(python, url, { env, cwd: folder });
  return {
    url,
    registry: user.ask,
    tagsOf: async (version) =>
      (await user.ask('tags', 'Adder', version)) as Readonly<Record<string, string>>,
    stop() {
      user.end();
      // Its workers are processes of its group.
      if (mlflow.pid) process.kill(-mlflow.pid, 'SIGKILL');
    },
  };
}

/** One process for all that a user does, since importing MLflow takes three seconds of CPU. */
function userOf(python: string, url: string, options: { env: NodeJS.ProcessEnv; cwd: string }) {
  const child = spawn(python, [REGISTRY, url], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (text) => {
    said = `${said}${text}`.slice(-4000);
  });
  child.stdin.on('error', () => {});
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(...args: readonly string[]): Promise<unknown> {
      child.stdin.write(`${JSON.stringify(args)}\n`);
      const { done, value } = await answers.next();
      if (done) throw new Error(`mlflow_registry.py ended at ${args.join(' ')}: ${said}`);
      return JSON.parse(value);
    },
    end: () => void child.kill('SIGKILL'),
  };
}
