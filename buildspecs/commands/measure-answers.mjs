// Measures how long a started image takes to answer, at shares of the CPU. src/domain/build/measurement.ts is what it returns.
import { availableParallelism } from 'node:os';
import { docker } from './docker.mjs';
import { succeeds } from './programs.mjs';

/** @import { Measurement } from '../../src/domain/build/measurement.ts' */
/** @import { Answered, Asked } from './ask-server.mjs' */
/** @import { Asking } from './smoke-test.mjs' */
/** @typedef {{ data: unknown[], shape: number[] }} Tensor */

const SHARES = [1, 2, 0.5];
// A quota stops a container for parts of its periods of 100 ms, so a run takes several of them, and three requests where one takes long.
const LEAST_REQUESTS = 3;
const MOST_REQUESTS = 500;
const RUN_MS = 200;
const WARM_REQUESTS = 30;
const WARM_MS = 1000;
const ROWS = 8;
// A replica is at most 60 % busy on average, and then one request in a thousand finds as many before it (src/domain/placement/queue-wait.ts). The gateway of one machine sends as many at once.
const AT_ONCE = 8;
// In all for requests at once: fewer of them where each takes long.
const AT_ONCE_MS = 1500;
// A server whose requests block each other would never answer them.
const AT_ONCE_MOST_MS = 5000;
// The user who dropped the model waits for this.
const MOST_MS = 20_000;

/**
 * The runs of a request, 20 s in all at most and two where one takes milliseconds: at each share that the machine has, by the quota of the container's cgroup, with several rows on one vCPU, and with several requests at once. `first` is an answer from before, which shows how long another takes at most.
 * Undefined where not even one fits into that time.
 * @param {{ ask: Asked, container: string, request: Asking, way: string, first: Pick<Answered, 'times'> }} given
 * @returns {Promise<Measurement | undefined>}
 */
export async function measuredAt({ ask, container, request, way, first }) {
  const most = availableParallelism();
  const untilMs = performance.now() + MOST_MS;
  /** @type {Measurement['runs'][number][]} */
  const runs = [];
  /** @type {Measurement['by']} */
  let by = 'quota';
  let expectedMs = Math.max(...first.times);

  // Each call starts a client in the container, which is cold as well: only the least time is near that of the model.
  const warm = Math.min(WARM_REQUESTS, Math.floor(WARM_MS / expectedMs));
  if (warm > 0) {
    const { times } = await ask.post(way, JSON.stringify(request.body), warm);
    expectedMs = Math.min(...times);
  }

  /**
   * @param {number} vcpus
   * @param {number} rows
   * @param {unknown} body
   */
  const run = async (vcpus, rows, body) => {
    const onShareMs = expectedMs / Math.min(1, vcpus);
    const wanted = Math.max(LEAST_REQUESTS, Math.ceil(RUN_MS / onShareMs));
    const inTime = Math.floor((untilMs - performance.now()) / onShareMs);
    const requests = Math.min(wanted, MOST_REQUESTS, inTime);
    if (requests < 1) return;
    const { status, times, cpuMs } = await ask.post(way, JSON.stringify(body), requests);
    if (status !== 200) return;
    const ms = by === 'quota' ? settledMean(times) : median(times);
    if (rows === 1 && vcpus >= 1) expectedMs = Math.min(...times);
    const each = cpuMs === null ? null : rounded(cpuMs / times.length);
    runs.push({ vcpus, rows, requests: times.length, ms: rounded(ms), cpuMs: each });
  };

  for (const vcpus of SHARES.filter((share) => share <= most)) {
    const isSet = await limited(container, vcpus);
    // Without the right to set a quota, it has every CPU of the machine, whatever is tried.
    if (!isSet) by = 'none';
    await run(isSet ? vcpus : most, 1, request.body);
    if (!isSet) break;
  }
  const together = manyRows(request);
  if (together && by === 'quota') {
    await limited(container, 1);
    expectedMs *= ROWS;
    await run(1, ROWS, together);
  }
  if (runs.length === 0) return undefined;
  const alone = runs.find(({ vcpus, rows }) => rows === 1 && vcpus >= 1);
  const given = { ask, container, request, way, by, untilMs };
  // The runs before count without it.
  const several = alone && (await soon(atOnceAt({ ...given, alone })).catch(() => undefined));
  return { by, runs, ...(several && { several }) };
}

/**
 * Several requests at once, at the share of the run of one after another to which they are compared: `alone`. Undefined where fewer than two fit into the time, or the server refuses some.
 * The memory is the most that the server has held, for the rows before as well.
 * @param {{ ask: Asked, container: string, request: Asking, way: string, by: Measurement['by'], alone: Measurement['runs'][number], untilMs: number }} given
 * @returns {Promise<Measurement['several']>}
 */
async function atOnceAt({ ask, container, request, way, by, alone, untilMs }) {
  const leftMs = Math.min(AT_ONCE_MS, untilMs - performance.now());
  const inTime = Math.floor(leftMs / alone.ms);
  const atOnce = Math.min(AT_ONCE, inTime);
  if (atOnce < 2) return undefined;
  if (by === 'quota') await limited(container, alone.vcpus);
  const wanted = Math.max(2 * atOnce, Math.ceil(RUN_MS / alone.ms));
  const requests = Math.min(wanted, inTime, MOST_REQUESTS);
  const body = JSON.stringify(request.body);
  const { status, times, tookMs } = await ask.post(way, body, requests, atOnce);
  if (status !== 200) return undefined;
  const peakBytes = await ask.heldBytes();
  const ms = rounded(tookMs / times.length);
  return { atOnce, vcpus: alone.vcpus, requests: times.length, ms, peakBytes };
}

/**
 * Undefined once it has taken too long; what it waits for ends with the container.
 * @template Result
 * @param {Promise<Result>} waiting
 * @returns {Promise<Result | undefined>}
 */
async function soon(waiting) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<undefined>} */
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, AT_ONCE_MOST_MS, undefined);
  });
  try {
    return await Promise.race([waiting, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Whether the container has such a share from now on. https://docs.docker.com/reference/cli/docker/container/update/
 * @param {string} container
 * @param {number} vcpus
 */
async function limited(container, vcpus) {
  return succeeds(docker(['update', '--cpus', String(vcpus), container]));
}

/**
 * The body with its one row several times; undefined where it does not show that it is of one row.
 * @param {Asking} request
 */
function manyRows({ protocol, body }) {
  const inputs = body?.inputs;
  if (!Array.isArray(inputs) || inputs.length === 0) return undefined;
  /** @param {Partial<Tensor>} each */
  const isTensor = (each) => Array.isArray(each?.data) && each.shape?.[0] === 1;
  if (protocol === 'infer') {
    if (!inputs.every(isTensor)) return undefined;
    /** @param {Tensor} tensor */
    const times = ({ shape, data, ...tensor }) => ({
      ...tensor,
      shape: [ROWS, ...shape.slice(1)],
      data: Array.from({ length: ROWS }, () => data).flat(),
    });
    return { ...body, inputs: inputs.map(times) };
  }
  return inputs.length === 1
    ? { ...body, inputs: Array.from({ length: ROWS }, () => inputs[0]) }
    : undefined;
}

/**
 * The mean: most requests fit into what is left of a period, and the others wait for the next one. The first third uses up what the period had left from before.
 * @param {readonly number[]} times
 */
function settledMean(times) {
  const settled = times.slice(Math.floor(times.length / 3));
  return settled.reduce((sum, each) => sum + each, 0) / settled.length;
}

/** @param {readonly number[]} times */
function median(times) {
  // Node 18 has no toSorted.
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

/**
 * Thousandths of a millisecond. A clock may show no time at all.
 * @param {number} ms
 */
function rounded(ms) {
  return Math.max(0.001, Math.round(ms * 1000) / 1000);
}
