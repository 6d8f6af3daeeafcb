import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { listen } from '../src/adapters/local/http/listen.ts';

/** A process that serves at `origin`; `path` is the path to call there. */
export type Served = {
  readonly origin: string;
  readonly path: string;
  /** The CPU time of all threads that it has so far, seconds. */
  cpuSeconds(): number;
  stop(): Promise<void>;
};

const ANSWER = JSON.stringify({ model_name: 'digits', outputs: [{ name: 'y', data: [7] }] });

/** nginx as the server behind the proxies, because no server costs less. */
export function nginxServer(folder: string): Promise<Served> {
  return nginx(folder, 'server', `location / { return 200 '${ANSWER}'; }`);
}

/** nginx as a proxy, with kept connections on both sides. */
export function nginxProxy(folder: string, backend: string): Promise<Served> {
  const { host } = new URL(backend);
  return nginx(
    folder,
    'proxy',
    'location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; }',
    `upstream backend { server ${host}; keepalive 64; keepalive_requests 100000000; }`,
  );
}

/** One of our proxies in a separate process, which `bench/proxy-child.ts` starts by its name. */
export async function nodeProxy(kind: string, backend: string): Promise<Served> {
  const child = fork(new URL('./proxy-child.ts', import.meta.url), [kind, backend]);
  const [origin] = await Promise.race([once(child, 'message'), endOf(child, kind)]);
  return served(child, String(origin), kind === 'gateway' ? '/models/digits/infer' : '/infer');
}

async function nginx(folder: string, name: string, location: string, more = ''): Promise<Served> {
  const directory = join(folder, name);
  mkdirSync(directory);
  const port = await freePort();
  const configuration = join(directory, 'nginx.conf');
  writeFileSync(
    configuration,
    `worker_processes 1; daemon off; master_process off; pid ${directory}/pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; default_type application/json;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ')}
  ${more}
  server { listen 127.0.0.1:${port}; ${location} }
}`,
  );
  const child = spawn('nginx', ['-p', directory, '-c', configuration], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'spawn');
  return served(child, `http://127.0.0.1:${port}`, '/infer');
}

function served(child: ChildProcess, origin: string, path: string): Served {
  return {
    origin,
    path,
    cpuSeconds() {
      // The first field is the time on a CPU, in nanoseconds; `stat` counts ticks of 10 ms: https://docs.kernel.org/scheduler/sched-stats.html.
      const threads = readdirSync(`/proc/${child.pid}/task`);
      const spent = threads.map((thread) =>
        Number(readFileSync(`/proc/${child.pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
      );
      return spent.reduce((sum, each) => sum + each, 0) / 1e9;
    },
    async stop() {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function endOf(child: ChildProcess, name: string): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`${name} ended with code ${code}`);
}

/** A port on which nobody listens; another program may take it before the caller does. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  server.close();
  return port;
}
