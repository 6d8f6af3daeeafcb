// Measures today's Python server beside a front in Node with a worker in Python behind a pair of sockets (`front-worker/`), and LitServe where the model is its forest: the same files and environments, in turns, each server started anew.
// `node bench/front-worker.ts [ROUNDS] [REQUESTS] [KIND...]`; the environment of LitServe is kept in the user's cache.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { fixtureOf } from '../test/support/models/dropped.ts';
import {
  type RunningSlipway,
  startSlipway,
  temporaryFolder,
} from '../test/support/slipway/running.ts';
import { bundle, imageOf, MODEL, serverOf } from './beside/drops.ts';
import { aloneMiB, cpuMs, memoryMiB, threadsCpuMs } from './beside/process-tree.ts';
import { environmentOf } from './beside/python.ts';
import { type Command, startServer } from './beside/server.ts';
import { inTurns, printFigure } from './beside/turns.ts';

const [rounds = '5', requests = '3000', ...named] = process.argv.slice(2);
const HERE = join(import.meta.dirname, 'front-worker');
const BUNDLE = fileURLToPath(new URL('../node_modules/.cache/slipway-front', import.meta.url));
const MANY = 64;
const POLL_MS = 2;
/** Code that is compiled at run time has been compiled by then. */
const WARMING = 1_000;
const LONGEST_MS = 3_000;
/** One thread, and a young generation of 1 MiB: half the memory. */
const FLAGS = ['--single-threaded', '--max-semi-space-size=1'];
const HEADERS = { 'content-type': 'application/json' };

/** A model's files by their keys, a request, and the path of LitServe's. */
type Kind = {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly path: string;
  readonly body: string;
  readonly beside?: { readonly model: string; readonly body: string };
};

type Took = {
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly oneCpuMs: number;
  readonly oneP50Ms: number;
  readonly oneP99Ms: number;
  readonly manyCpuMs: number;
  readonly manyASecond: number;
  readonly manyP99Ms: number;
  readonly rssMiB: number;
  readonly pssMiB: number;
  readonly aloneMiB: number;
};

const CODE = {
  echo: 'def predict(data):\n    return data\n',
  stream: 'def predict(data):\n    for each in data:\n        yield {"piece": each}\n',
};
const ROW = Array.from({ length: 20 }, (_, at) => ((at * 37) % 11) - 4.25);

function kinds(): Readonly<Record<string, Kind>> {
  const xgboost = fixtureOf('xgboost', 'binary-3.4.ubj');
  const pipeline = fixtureOf('sklearn', 'columns-pipeline-1.8.joblib');
  const forest = fixtureOf('sklearn', 'forest-1.8.joblib');
  const invocation = (fixture: typeof forest) => {
    const found = fixture.requests.find(({ protocol }) => protocol === 'invocations');
    if (!found) throw new Error(`${fixture.name} has no request`);
    return found.body as { instances: readonly unknown[] };
  };
  const yaml = 'runtime: { optimize: none }\n';
  const rows = invocation(forest).instances;
  return {
    xgboost: {
      files: { 'm/m.ubj': readFileSync(xgboost.path), 'm/model.yaml': yaml },
      path: '/invocations',
      body: JSON.stringify({ instances: invocation(xgboost).instances.slice(0, 1) }),
    },
    pipeline: {
      files: { 'm/m.joblib': readFileSync(pipeline.path), 'm/model.yaml': yaml },
      path: '/invocations',
      body: JSON.stringify(invocation(pipeline)),
    },
    forest: {
      files: { 'm/m.joblib': readFileSync(forest.path), 'm/model.yaml': yaml },
      path: '/invocations',
      body: JSON.stringify({ instances: rows }),
      beside: { model: forest.path, body: JSON.stringify({ rows }) },
    },
    echo: {
      files: { 'm/predict.py': CODE.echo },
      path: '/invocations',
      body: JSON.stringify([ROW]),
    },
    stream: {
      files: { 'm/predict.py': CODE.stream },
      path: '/invocations',
      body: JSON.stringify(ROW),
    },
  };
}

await bundle([join(HERE, 'front.ts')], BUNDLE);
await using folder = await temporaryFolder();
const litserve = join(
  await environmentOf(join(import.meta.dirname, 'concurrency/requirements.txt')),
  'bin/python',
);
for (const [name, kind] of Object.entries(kinds())) {
  if (named.length === 0 || named.includes(name)) await measure(name, kind);
}

async function measure(name: string, kind: Kind): Promise<void> {
  const image = await built(name, kind);
  const whole = name in CODE ? codeServerOf(image) : serverOf(image);
  const sides: Record<string, () => Promise<Took>> = {
    'Python server': () => turn(whole, kind.path, kind.body),
    'front and worker': () => turn(frontOf(whole), kind.path, kind.body),
  };
  const { beside } = kind;
  if (beside && existsSync(litserve)) {
    const command = {
      program: litserve,
      given: [join(import.meta.dirname, 'concurrency/litserve_server.py')],
      environment: { HOME: folder.path, MODEL_PATH: beside.model },
    };
    sides['LitServe'] = () => turn(command, '/predict', beside.body);
  }
  console.log(`\n${name}: ${requests} requests of ${kind.body.length} B`);
  const turns = await inTurns(sides, Number(rounds));
  const figures: Parameters<typeof printFigure<Took>>[0][] = [
    { name: 'CPU of a request, 1 client, ms', read: ({ oneCpuMs }) => oneCpuMs, digits: 3 },
    { name: 'p50, 1 client, ms', read: ({ oneP50Ms }) => oneP50Ms, digits: 3 },
    { name: 'p99, 1 client, ms', read: ({ oneP99Ms }) => oneP99Ms, digits: 3 },
    {
      name: `CPU of a request, ${MANY} clients, ms`,
      read: ({ manyCpuMs }) => manyCpuMs,
      digits: 3,
    },
    { name: `requests a second, ${MANY} clients`, read: ({ manyASecond }) => manyASecond },
    { name: `p99, ${MANY} clients, ms`, read: ({ manyP99Ms }) => manyP99Ms, digits: 1 },
    { name: 'start, ms', read: ({ startMs }) => startMs },
    { name: 'CPU of the start, ms', read: ({ startCpuMs }) => startCpuMs },
    { name: 'RSS, MiB', read: ({ rssMiB }) => rssMiB },
    { name: 'PSS, MiB', read: ({ pssMiB }) => pssMiB },
    { name: 'alone on a machine, MiB', read: (took) => took.aloneMiB },
  ];
  for (const figure of figures) {
    const others = Object.keys(sides).filter((side) => side !== 'Python server');
    printFigure(figure, turns, { ours: ['Python server'], others });
  }
}

/** The folder that Slipway's build makes of the model. */
async function built(name: string, { files }: Kind): Promise<string> {
  await using slipway: RunningSlipway = await startSlipway(join(folder.path, name));
  for (const [key, bytes] of Object.entries(files)) slipway.drop(`models/${name}/${key}`, bytes);
  const { detail } = await slipway.ending(name, 1);
  if (detail.state !== 'Live') throw new Error(`${name} is ${detail.state}: ${detail.reason}`);
  return (await imageOf(slipway, name)).folder;
}

/** A model of code is a folder, even with one file. */
function codeServerOf(image: string): Command {
  const command = serverOf(image);
  return { ...command, environment: { ...command.environment, MODEL_PATH: join(image, 'model') } };
}

function frontOf({ program, environment }: Command): Command {
  const own = { PYTHON: program, WORKER: join(HERE, 'worker.py') };
  return {
    program: process.execPath,
    given: [...FLAGS, join(BUNDLE, 'front.js')],
    environment: { ...environment, MODEL_NAME: MODEL, ...own },
  };
}

async function turn(command: Command, path: string, body: string): Promise<Took> {
  const beganMs = performance.now();
  const server = await startServer(command);
  try {
    const wanted = await answered(`${server.origin}${path}`, body, server.requireAlive);
    const startMs = performance.now() - beganMs;
    const startCpuMs = cpuMs(server.pid);
    await load(server, path, body, wanted, 1, WARMING);
    const one = await load(server, path, body, wanted, 1, Number(requests));
    await load(server, path, body, wanted, MANY, WARMING);
    const many = await load(server, path, body, wanted, MANY, Number(requests));
    const { rss, pss } = memoryMiB(server.pid);
    return {
      startMs,
      startCpuMs,
      oneCpuMs: one.cpu,
      oneP50Ms: one.p50,
      oneP99Ms: one.p99,
      manyCpuMs: many.cpu,
      manyASecond: many.aSecond,
      manyP99Ms: many.p99,
      rssMiB: rss,
      pssMiB: pss,
      aloneMiB: aloneMiB(server.pid),
    };
  } finally {
    await server.stop();
  }
}

async function answered(url: string, body: string, requireAlive: () => void): Promise<string> {
  for (;;) {
    const response = await fetch(url, { method: 'POST', headers: HEADERS, body }).catch(() => null);
    if (response?.status === 200) return response.text();
    await response?.text();
    requireAlive();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Sends the requests over kept connections. Throws where an answer is not the first one. */
async function load(
  { origin, pid }: { readonly origin: string; readonly pid: number },
  path: string,
  body: string,
  wanted: string,
  clients: number,
  count: number,
) {
  const pool = new Pool(origin, { connections: clients, pipelining: 1 });
  const took: number[] = [];
  const [beforeMs, beganMs] = [threadsCpuMs(pid), performance.now()];
  let left = count;
  const client = async () => {
    while (left > 0 && performance.now() < beganMs + LONGEST_MS) {
      left -= 1;
      const atMs = performance.now();
      const answer = await pool.request({ path, method: 'POST', headers: HEADERS, body });
      const text = await answer.body.text();
      took.push(performance.now() - atMs);
      if (answer.statusCode !== 200 || text !== wanted) throw new Error(`wrong: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const [cpu, wall] = [threadsCpuMs(pid) - beforeMs, performance.now() - beganMs];
  await pool.close();
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor((took.length - 1) * share)] ?? Number.NaN;
  return {
    cpu: cpu / took.length,
    aSecond: (took.length / wall) * 1000,
    p50: at(0.5),
    p99: at(0.99),
  };
}
