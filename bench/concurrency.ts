// 64 clients that ask one model of Python at once, 10,000 requests in all: Slipway through its gateway, the model as ONNX (`auto`) and by its framework (`none`), beside LitServe and BentoML with the same file, one worker each, in turns. Every answer is compared with the framework's.
// `node bench/concurrency.ts [FOLDER] [ROUNDS]`; the environment of the others is kept in FOLDER. PYTHON is a Python from 3.11 to 3.13 with pip, `python3` where it is not given.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Pool } from 'undici';
import { difference } from '#domain/rollout/json-difference.ts';
import { fixtureOf } from '../test/support/models/dropped.ts';
import { startSlipway, temporaryFolder } from '../test/support/slipway/running.ts';
import { row, spread } from './figures.ts';
import { freePort } from './proxies.ts';

const FOLDER = process.argv[2] ?? join(tmpdir(), 'slipway-bench-concurrency');
const ROUNDS = Number(process.argv[3] ?? 3);
const CLIENTS = 64;
const REQUESTS = 10_000;
const READY_MS = 60_000;
const RTOL = 1e-4;
const HERE = join(import.meta.dirname, 'concurrency');
const run = promisify(execFile);

/** A server that listens, and how it is asked. */
type Side = {
  readonly origin: string;
  readonly path: string;
  readonly body: string;
  readonly probabilities: (answer: unknown) => unknown;
};

type Turn = {
  readonly aSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
};

const fixture = fixtureOf('sklearn', 'forest-1.8.joblib');
const asked = fixture.requests.find(({ protocol }) => protocol === 'invocations');
if (!asked) throw new Error(`${fixture.name} has no request`);
const { instances: rows } = asked.body as { instances: number[][] };
const { predictions } = asked.answer as { predictions: { probabilities: number[][] } };

const python = await environment();
await using data = await temporaryFolder();
await using slipway = await startSlipway(data.path);
const servers: ChildProcess[] = [];
const sides: Readonly<Record<string, Side>> = {
  'Slipway, as ONNX': await dropped('auto'),
  'Slipway, by its framework': await dropped('none'),
  LitServe: await started([join(HERE, 'litserve_server.py')]),
  BentoML: await started(['-m', 'bentoml', 'serve', 'bentoml_server:Forest', '--port', 'PORT']),
};
const turns: Record<string, Turn[]> = {};
const loads: number[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const names = Object.keys(sides);
  for (const name of [...names.slice(round % names.length), ...names].slice(0, names.length)) {
    const side = sides[name];
    if (side) turns[name] = [...(turns[name] ?? []), await turn(side)];
    loads.push(loadavg()[0] ?? Number.NaN);
  }
}
// Each has workers of its own.
for (const { pid } of servers) if (pid !== undefined) process.kill(-pid, 'SIGKILL');

const about = `${REQUESTS} requests by ${CLIENTS} clients, ${ROUNDS} rounds (min / median / max)`;
console.log(`${about}; load of ${availableParallelism()} cores ${spread(loads, 1)}`);
for (const [name, all] of Object.entries(turns)) {
  console.log(row(name, `${spread(all.map(({ aSecond }) => aSecond))} a second`));
  console.log(
    row(
      '  p50, ms',
      spread(
        all.map(({ p50 }) => p50),
        1,
      ),
    ),
  );
  console.log(
    row(
      '  p99, ms',
      spread(
        all.map(({ p99 }) => p99),
        1,
      ),
    ),
  );
  console.log(row('  refused, wrong or lost', spread(all.map(({ lost }) => lost))));
}
for (const other of ['LitServe', 'BentoML']) {
  for (const ours of ['Slipway, as ONNX', 'Slipway, by its framework']) {
    const ratios = (turns[ours] ?? []).map(
      ({ aSecond }, round) => aSecond / (turns[other]?.[round]?.aSecond ?? Number.NaN),
    );
    console.log(row(`${ours} / ${other}`, `${spread(ratios, 2)} times as many a second`));
  }
}

async function turn({ origin, path, body, probabilities }: Side): Promise<Turn> {
  const pool = new Pool(origin, { connections: CLIENTS, pipelining: 1 });
  const took: number[] = [];
  let left = REQUESTS;
  let lost = 0;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const atMs = performance.now();
      const headers = { 'content-type': 'application/json' };
      const answered = await pool
        .request({ path, method: 'POST', headers, body })
        .then(async (answer) =>
          answer.statusCode === 200 ? await answer.body.json() : answer.body.dump(),
        )
        .catch(() => undefined);
      took.push(performance.now() - atMs);
      const isRight =
        answered && !difference(probabilities(answered), predictions.probabilities, RTOL);
      if (!isRight) lost += 1;
    }
  };
  const beginMs = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, client));
  const seconds = (performance.now() - beginMs) / 1000;
  await pool.close();
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor((took.length - 1) * share)] ?? Number.NaN;
  return { aSecond: REQUESTS / seconds, p50: at(0.5), p99: at(0.99), lost };
}

async function dropped(optimize: 'auto' | 'none'): Promise<Side> {
  slipway.drop(`models/${optimize}/m/model.yaml`, `runtime: { optimize: ${optimize} }\n`);
  slipway.drop(`models/${optimize}/m/m.joblib`, readFileSync(fixture.path));
  slipway.drop(`models/${optimize}/m/model.yaml`, `runtime: { optimize: ${optimize} }\n`);
  await slipway.told(optimize, ({ state }) => state === 'Live');
  return {
    origin: slipway.gateway,
    path: `/models/${optimize}/invocations`,
    body: JSON.stringify({ instances: rows }),
    probabilities: (answer) =>
      (answer as { predictions: { probabilities: unknown } }).predictions.probabilities,
  };
}

async function started(command: readonly string[]): Promise<Side> {
  const port = `${await freePort()}`;
  const into = openSync(join(FOLDER, `${port}.log`), 'w');
  const given = command.map((part) => (part === 'PORT' ? port : part));
  const server = spawn(python, given, {
    cwd: HERE,
    env: { PATH: process.env['PATH'], HOME: FOLDER, PORT: port, MODEL_PATH: fixture.path },
    stdio: ['ignore', into, into],
    detached: true,
  });
  await once(server, 'spawn');
  servers.push(server);
  const side = {
    origin: `http://127.0.0.1:${port}`,
    path: '/predict',
    body: JSON.stringify({ rows }),
    probabilities: (answer: unknown) => (answer as { probabilities: unknown }).probabilities,
  };
  const { origin, path, body } = side;
  const headers = { 'content-type': 'application/json' };
  for (
    const untilMs = performance.now() + READY_MS;
    performance.now() < untilMs;
    await sleep(200)
  ) {
    const answer = await fetch(origin + path, { method: 'POST', headers, body }).catch(() => null);
    if (answer?.ok) return side;
  }
  throw new Error(`${command.join(' ')} does not answer: ${port}.log`);
}

async function environment(): Promise<string> {
  await mkdir(FOLDER, { recursive: true });
  const folder = join(FOLDER, 'environment');
  const program = join(folder, 'bin/python');
  if (existsSync(program)) return program;
  await run(process.env['PYTHON'] ?? 'python3', ['-m', 'venv', folder]);
  const wanted = join(HERE, 'requirements.txt');
  await run(program, ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', '-r', wanted]);
  return program;
}
