import { Client } from 'undici';
import { cpuMs, memoryMiB } from '../python-servers/process-tree.ts';
import { firstAnswer, requireRight } from './asking.ts';
import type { Server } from './servers.ts';
import type { Answer, Asking } from './subject.ts';

/** What one turn of a server costs: from its start to its first right answer, and of a text, row or token of each question once it is warm. */
export type Cost = {
  readonly startMs: number;
  readonly startCpuMs: number;
  readonly unitCpuMs: readonly number[];
  readonly rssMiB: number;
  readonly pssMiB: number;
};

/** A request of one side, the framework's own answer, and of how many texts, rows or tokens it is. */
export type Held = { readonly asking: Asking; readonly wanted: Answer; readonly count: number };

// What a server compiles while it runs is compiled by then.
const WARMING = { cpuMs: 600, wallMs: 3_000 };
const COUNTING = { cpuMs: 1_500, wallMs: 6_000 };

/** Starts a server, asks it over one connection that is kept, and ends it. */
export async function turn(
  start: () => Promise<Server>,
  questions: readonly [Held, ...Held[]],
): Promise<Cost> {
  const startedAtMs = performance.now();
  const server = await start();
  const client = new Client(server.origin);
  try {
    const [{ asking, wanted }] = questions;
    requireRight(await firstAnswer(server.origin, asking, server.requireAlive), wanted);
    const startMs = performance.now() - startedAtMs;
    const startCpuMs = cpuMs(server.pid);
    const unitCpuMs: number[] = [];
    for (const each of questions) {
      await spent(client, server, each, WARMING);
      unitCpuMs.push(await spent(client, server, each, COUNTING));
    }
    const { rss, pss } = memoryMiB(server.pid);
    return { startMs, startCpuMs, unitCpuMs, rssMiB: rss, pssMiB: pss };
  } finally {
    await client.destroy();
    await server.stop();
  }
}

/** CPU ms a text, row or token: one request after the other until that much CPU, or time, is spent; the last answer is held to the right one. */
async function spent(
  client: Client,
  { pid }: Server,
  { asking, wanted, count }: Held,
  most: typeof COUNTING,
): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const { path, read } = asking;
  const body = JSON.stringify(asking.body);
  const [beforeMs, startedAtMs] = [cpuMs(pid), performance.now()];
  let [requests, spentMs, text] = [0, 0, ''];
  while (spentMs < most.cpuMs && performance.now() - startedAtMs < most.wallMs) {
    const answer = await client.request({ method: 'POST', path, headers, body });
    text = await answer.body.text();
    requests += 1;
    spentMs = cpuMs(pid) - beforeMs;
  }
  requireRight(read(JSON.parse(text)), wanted);
  return spentMs / requests / count;
}
