// Has 64 clients call one Python model at once, 10,000 requests in all if no other number is given: Slipway through its gateway, the model as ONNX (`auto`) and by its framework (`none`), beside LitServe and BentoML with the same file, one worker each, in turns. Every answer is compared with the framework's.
// `node bench/concurrency.ts [ROUNDS [REQUESTS]]`; the environment of the others is kept in the user's cache.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'undici';
import { fixtureOf } from '../test/support/models/dropped.ts';
import { startSlipway, temporaryFolder } from '../test/support/slipway/running.ts';
import { type Asking, firstAnswer, isSame } from './beside/asking.ts';
import { pythonOf } from './beside/python.ts';
import { type Server, startServer } from './beside/server.ts';
import { inTurns, printFigure } from './beside/turns.ts';

const ROUNDS = Number(process.argv[2] ?? 3);
const CLIENTS = 64;
const REQUESTS = Number(process.argv[3] ?? 10_000);
const MOST_APART = 1e-4;
const HERE = join(import.meta.dirname, 'concurrency');

/** A server that listens, and how to call it. */
type Side = { readonly origin: string; readonly asking: Asking };
type Probabilities = { readonly probabilities: readonly (readonly number[])[] };
type Took = {
  readonly aSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly lost: number;
};

const fixture = fixtureOf('sklearn', 'forest-1.8.joblib');
const request = fixture.requests.find(({ protocol }) => protocol === 'invocations');
if (!request) throw new Error(`${fixture.name} has no request`);
const { instances: rows } = request.body as { instances: number[][] };
const wanted = (request.answer as { predictions: Probabilities }).predictions.probabilities.flat();

const program = await pythonOf(join(HERE, 'requirements.txt'));
await using folder = await temporaryFolder();
await using slipway = await startSlipway(folder.path);
const others: Server[] = [];
const ours = ['Slipway, as ONNX', 'Slipway, by its framework'] as const;
const peers = ['LitServe', 'BentoML'] as const;
const sides: Readonly<Record<(typeof ours)[number] | (typeof peers)[number], Side>> = {
  'Slipway, as ONNX': await dropped('auto'),
  'Slipway, by its framework': await dropped('none'),
  LitServe: await started(['litserve_server.py']),
  BentoML: await started(['-m', 'bentoml', 'serve', 'bentoml_server:Forest', '--port', 'PORT']),
};
console.log(`${REQUESTS} requests by ${CLIENTS} clients`);
const turns = await inTurns(
  Object.fromEntries(Object.entries(sides).map(([name, side]) => [name, () => turn(side)])),
  ROUNDS,
);
for (const server of others) await server.stop();
for (const figure of [
  { name: 'a request, ms', read: ({ aSecond }: Took) => 1_000 / aSecond, digits: 3 },
  { name: 'p50, ms', read: ({ p50 }: Took) => p50, digits: 1 },
  { name: 'p99, ms', read: ({ p99 }: Took) => p99, digits: 1 },
]) {
  printFigure(figure, turns, { ours, others: peers });
}
const lost = Object.entries(turns).map(([name, all]) => `${name} ${all.map((each) => each.lost)}`);
console.log(`refused, wrong or lost: ${lost.join('; ')}`);

async function turn({ origin, asking: { path, body, read } }: Side): Promise<Took> {
  const pool = new Pool(origin, { connections: CLIENTS, pipelining: 1 });
  const headers = { 'content-type': 'application/json' };
  const text = JSON.stringify(body);
  const took: number[] = [];
  let left = REQUESTS;
  let lost = 0;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const atMs = performance.now();
      const answered = await pool
        .request({ path, method: 'POST', headers, body: text })
        .then(async (answer) =>
          answer.statusCode === 200 ? await answer.body.json() : answer.body.dump(),
        )
        .catch(() => undefined);
      took.push(performance.now() - atMs);
      if (!answered || !isSame(read(answered), wanted, MOST_APART)) lost += 1;
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
  slipway.drop(`models/${optimize}/m/m.joblib`, readFileSync(fixture.path));
  slipway.drop(`models/${optimize}/m/model.yaml`, `runtime: { optimize: ${optimize} }\n`);
  await slipway.told(optimize, ({ state }) => state === 'Live');
  return {
    origin: slipway.gateway,
    asking: {
      path: `/models/${optimize}/invocations`,
      body: { instances: rows },
      read: (answer) => (answer as { predictions: Probabilities }).predictions.probabilities.flat(),
    },
  };
}

async function started(given: readonly string[]): Promise<Side> {
  const environment = { HOME: folder.path, MODEL_PATH: fixture.path };
  const server = await startServer({ program, given, environment, cwd: HERE });
  others.push(server);
  const asking: Asking = {
    path: '/predict',
    body: { rows },
    read: (answer) => (answer as Probabilities).probabilities.flat(),
  };
  await firstAnswer(server.origin, asking, server.requireAlive);
  return { origin: server.origin, asking };
}
