// Measures a model server that answers waiting requests in one run (`server.batching`) beside the same server that answers each alone, with 1, 8 and 64 clients, in turns. A request has one row of 64, and each answer is compared with the one that this row got alone.
// `node bench/batching.ts [ROUNDS [REQUESTS [KIND...]]]`.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Pool } from 'undici';
import type { Explanation } from '#control/explanation.ts';
import { fixtureOf } from '../test/support/models/dropped.ts';
import { floats, model } from '../test/support/models/onnx-graph.ts';
import { startSlipway, temporaryFolder } from '../test/support/slipway/running.ts';
import { firstAnswer, isSame } from './beside/asking.ts';
import { bundleOnnxServer, imageOf, onnxServer, serverOf } from './beside/drops.ts';
import { threadsCpuMs } from './beside/process-tree.ts';
import { type Command, type Server, startServer } from './beside/server.ts';
import { inTurns, printFigure } from './beside/turns.ts';

const [rounds = '5', requests = '2000', ...named] = process.argv.slice(2);
const CLIENTS = [1, 8, 64];
const ROWS = 64;
const JOINS = { BATCH_ROWS: '64' };
// As for a file that was uploaded as ONNX, which no build has loaded.
const FINDS_OUT = { BATCHING: 'auto' };
const MOST_APART = 1e-5;
/** Code that is compiled at run time has been compiled by then, and short runs are known to be short. */
const WARMING = 1_000;
const HEADERS = { 'content-type': 'application/json' };
const PATH = '/invocations';

type Kind = { readonly server: () => Promise<Command>; readonly width: number };
type Took = {
  readonly aSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
};

await using folder = await temporaryFolder();
await bundleOnnxServer();
const forest = fixtureOf('sklearn', 'forest-1.8.joblib');
const linear = fixtureOf('sklearn', 'logistic-1.8.pkl');
const KINDS: Readonly<Record<string, Kind>> = {
  'forest, by scikit-learn': { server: () => built(forest, 'none'), width: widthOf(forest) },
  'linear, by scikit-learn': { server: () => built(linear, 'none'), width: widthOf(linear) },
  'forest, as ONNX': { server: () => built(forest, 'auto'), width: widthOf(forest) },
  'network of 3 layers, ONNX': { server: () => network([64, 512, 512, 10]), width: 64 },
  'larger network, ONNX': { server: () => network([64, 2048, 2048, 10]), width: 64 },
};
for (const [name, kind] of Object.entries(KINDS)) {
  if (named.length === 0 || named.some((each) => name.includes(each))) await measure(name, kind);
}

async function measure(name: string, { server, width }: Kind): Promise<void> {
  const command = await server();
  const bodies = Array.from({ length: ROWS }, (_, row) =>
    JSON.stringify({ instances: [rowOf(row, width)] }),
  );
  const alone = await startServer(command);
  const joined = await startServer({
    ...command,
    environment: { ...command.environment, ...(name.includes('ONNX') ? FINDS_OUT : JOINS) },
  });
  try {
    const wanted: (readonly number[])[] = [];
    for (const body of bodies) wanted.push(await first(alone, body));
    await first(joined, bodies[0] ?? '');
    for (const clients of CLIENTS) {
      console.log(`\n${name}: ${requests} requests of one row by ${clients} clients`);
      const turn = (side: Server) => async () => {
        await load(side, bodies, wanted, clients, WARMING);
        return load(side, bodies, wanted, clients, Number(requests));
      };
      const turns = await inTurns({ joined: turn(joined), alone: turn(alone) }, Number(rounds));
      for (const figure of [
        { name: 'a request, ms', read: ({ aSecond }: Took) => 1000 / aSecond, digits: 3 },
        { name: 'p50, ms', read: ({ p50 }: Took) => p50, digits: 3 },
        { name: 'p99, ms', read: ({ p99 }: Took) => p99, digits: 2 },
        { name: 'CPU of a request, ms', read: ({ cpu }: Took) => cpu, digits: 3 },
      ]) {
        printFigure(figure, turns, { ours: ['joined'], others: ['alone'] });
      }
    }
  } finally {
    await alone.stop();
    await joined.stop();
  }
}

async function first({ origin, requireAlive }: Server, body: string): Promise<readonly number[]> {
  const asking = { path: PATH, body: JSON.parse(body), read: numbersIn };
  return (await firstAnswer(origin, asking, requireAlive)) as readonly number[];
}

/** Sends the rows in turn over kept connections. Throws where a row gets another answer than it got alone. */
async function load(
  { origin, pid }: Server,
  bodies: readonly string[],
  wanted: readonly (readonly number[])[],
  clients: number,
  count: number,
): Promise<Took> {
  const pool = new Pool(origin, { connections: clients, pipelining: 1 });
  const took: number[] = [];
  const [beforeMs, beganMs] = [threadsCpuMs(pid), performance.now()];
  let sent = 0;
  const client = async () => {
    while (sent < count) {
      const row = sent % bodies.length;
      sent += 1;
      const atMs = performance.now();
      const answer = await pool.request({
        path: PATH,
        method: 'POST',
        headers: HEADERS,
        body: bodies[row] ?? '',
      });
      const text = await answer.body.text();
      took.push(performance.now() - atMs);
      const numbers = answer.statusCode === 200 ? numbersIn(JSON.parse(text)) : [];
      if (!isSame(numbers, wanted[row] ?? [], MOST_APART)) throw new Error(`wrong: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const [cpu, wall] = [threadsCpuMs(pid) - beforeMs, performance.now() - beganMs];
  await pool.close();
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.floor((took.length - 1) * share)] ?? Number.NaN;
  return { aSecond: (count / wall) * 1000, p50: at(0.5), p99: at(0.99), cpu: cpu / count };
}

/** All numbers of an answer. */
function numbersIn(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

async function built({ path }: typeof forest, optimize: 'auto' | 'none'): Promise<Command> {
  const name = basename(path);
  await using slipway = await startSlipway(join(folder.path, `${name}-${optimize}`));
  slipway.drop(`models/m/${name}`, readFileSync(path));
  slipway.drop('models/m/model.yaml', `runtime: { optimize: ${optimize} }\n`);
  const { detail } = await slipway.ending('m', 1);
  if (detail.state !== 'Live') throw new Error(`${name} is ${detail.state}: ${detail.reason}`);
  const { runtime } = (await slipway.get('/models/m/explain?version=1')) as Explanation;
  console.log(`\nthe build found: ${runtime?.proof?.batching?.reason}`);
  return serverOf((await imageOf(slipway, 'm')).folder);
}

/** Dense layers of these widths, with a ReLU after each. */
async function network(widths: readonly number[]): Promise<Command> {
  const layers = widths.slice(1).map((width, at) => ({ width, from: widths[at] ?? 0, at }));
  const last = layers.length - 1;
  const bytes = model({
    inputs: [{ name: 'x', datatype: 'FP32', shape: ['n', widths[0] ?? 0] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: ['n', widths.at(-1) ?? 0] }],
    nodes: layers.flatMap(({ at }) => [
      { op: 'MatMul', inputs: [at === 0 ? 'x' : `r${at - 1}`, `w${at}`], outputs: [`m${at}`] },
      { op: 'Relu', inputs: [`m${at}`], outputs: [at === last ? 'y' : `r${at}`] },
    ]),
    initializers: layers.map(({ width, from, at }) =>
      floats(
        `w${at}`,
        [from, width],
        Array.from(
          { length: from * width },
          (_, index) => Math.sin(index * 12.9898) / Math.sqrt(from),
        ),
      ),
    ),
  });
  const path = join(folder.path, `network-${widths.join('-')}.onnx`);
  writeFileSync(path, bytes);
  return onnxServer(path);
}

function rowOf(row: number, width: number): readonly number[] {
  return Array.from({ length: width }, (_, at) => (((row + 3) * (at + 7) * 37) % 101) / 20 - 2.5);
}

function widthOf({ requests: asked }: typeof forest): number {
  const request = asked.find(({ protocol }) => protocol === 'invocations');
  if (!request) throw new Error('the fixture has no request');
  const { instances } = request.body as { readonly instances: readonly (readonly number[])[] };
  return instances[0]?.length ?? 0;
}
