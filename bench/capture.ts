// Measures what keeping requests costs: the ONNX server and the Python server, each with and without `capture` in turns, started anew.
// `node bench/capture.ts [ROUNDS] [REQUESTS]`. The first requests of an hour cost most, since all of them are kept; an hour has far more than are sent here.
import { Pool } from 'undici';
import { newRing, publicKeys } from '#adapters/capture/key-rings.ts';
import { captureVariable } from '#domain/capture/plan.ts';
import { captureSchema } from '#domain/manifest/capture.ts';
import { stopServers } from '../test/runtimes/model-server.ts';
import { onnx } from '../test/runtimes/onnx-runtime.ts';
import { pythonRuntime } from '../test/runtimes/python-runtime.ts';
import type { Runtime } from '../test/runtimes/runtime.ts';
import { threadsCpuMs } from './beside/process-tree.ts';
import { startServer } from './beside/server.ts';
import { inTurns, printFigure } from './beside/turns.ts';

const [rounds = '5', requests = '20000'] = process.argv.slice(2);
/** The code that answers has been compiled by then. */
const WARMING = 2_000;
const CLIENTS = 4;
const POLL_MS = 10;
const PATH = '/invocations';
const ROWS = Array.from({ length: 5 }, (_, row) => ({ weight: row + 0.5, pieces: 3, name: 'a' }));
const BODY = JSON.stringify({ dataframe_records: ROWS });
const HEADERS = { 'content-type': 'application/json', 'x-request-id': 'bench-1' };
const KEYS = publicKeys(newRing());
const captureOf = (requestsPerHour: number) =>
  captureVariable({ ...captureSchema.parse({ requestsPerHour }), keys: KEYS });
// As many of the requests sent here are kept by the first as by 100 of an hour that begins, and by the second as by 100 of a hundred times as many.
const BEGINNING = { CAPTURE: captureOf(100) };
const LATER = { CAPTURE: captureOf(1) };

type Took = { readonly cpuMs: number; readonly p50Ms: number; readonly p99Ms: number };

for (const runtime of [onnx, await pythonRuntime()]) {
  if ('missing' in runtime) console.log(`without the Python server: ${runtime.missing}`);
  else await measure(runtime);
}
await stopServers();

async function measure(runtime: Runtime): Promise<void> {
  const model = await runtime.models.columns();
  const side = (more: Readonly<Record<string, string>>) => () =>
    turn(runtime, { ...model, ...more });
  console.log(
    `\n${runtime.serverName}: ${requests} requests of ${BODY.length} B by ${CLIENTS} clients`,
  );
  const turns = await inTurns(
    { without: side({}), 'as an hour begins': side(BEGINNING), 'later in it': side(LATER) },
    Number(rounds),
  );
  for (const figure of [
    { name: 'CPU of a request, ms', read: ({ cpuMs }: Took) => cpuMs, digits: 4, aim: 1.05 },
    { name: 'p50, ms', read: ({ p50Ms }: Took) => p50Ms, digits: 3 },
    { name: 'p99, ms', read: ({ p99Ms }: Took) => p99Ms, digits: 3, aim: 1.05 },
  ]) {
    printFigure(figure, turns, { ours: ['without'], others: ['as an hour begins', 'later in it'] });
  }
}

async function turn(
  { command: [program, ...given], env }: Runtime,
  environment: Readonly<Record<string, string>>,
): Promise<Took> {
  const named = { MODEL_NAME: 'm', SLIPWAY_REVISION: 'm-v1' };
  const server = await startServer({
    program,
    given,
    environment: { ...env, ...named, ...environment },
  });
  const pool = new Pool(server.origin, { connections: CLIENTS });
  try {
    await answered(server.origin, server.requireAlive);
    await load(pool, WARMING);
    const cpuBefore = threadsCpuMs(server.pid);
    const times = (await load(pool, Number(requests))).sort((one, other) => one - other);
    const at = (share: number) => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
    const cpuMs = (threadsCpuMs(server.pid) - cpuBefore) / times.length;
    return { cpuMs, p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    await pool.close();
    await server.stop();
  }
}

/** Resolves once the server answers. */
async function answered(origin: string, requireAlive: () => void): Promise<void> {
  for (;;) {
    const response = await fetch(`${origin}${PATH}`, {
      method: 'POST',
      headers: HEADERS,
      body: BODY,
    }).catch(() => null);
    await response?.text();
    if (response?.status === 200) return;
    requireAlive();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** How long each request took, ms. */
async function load(pool: Pool, count: number): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const beganMs = performance.now();
      const { statusCode, body } = await pool.request({
        path: PATH,
        method: 'POST',
        headers: HEADERS,
        body: BODY,
      });
      await body.dump();
      times.push(performance.now() - beganMs);
      if (statusCode !== 200) throw new Error(`a request was answered ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return times;
}
