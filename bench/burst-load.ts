// The clients of bench/burst.ts: they begin so many requests a second, regardless of earlier ones, and send their results to the parent.
import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

/** `status` is 0 for a request that got no whole answer, and 1 for a wrong one. */
export type Answered = { readonly status: number; readonly tookMs: number };

const [, , origin = '', model = '', rate = '', seconds = ''] = process.argv;
const PERIOD_MS = 5;
const agent = new Agent({ keepAlive: true });
const total = Number(rate) * Number(seconds);
const begunMs = performance.now();
const asked: Promise<Answered>[] = [];
for (; asked.length < total; await sleep(PERIOD_MS)) {
  const due = ((performance.now() - begunMs) * Number(rate)) / 1_000;
  while (asked.length < Math.min(due, total)) asked.push(ask(asked.length));
}
process.send?.(await Promise.all(asked), () => process.disconnect());
agent.destroy();

async function ask(x: number): Promise<Answered> {
  const startMs = performance.now();
  const status = await call(x).catch(() => 0);
  return { status, tookMs: performance.now() - startMs };
}

function call(x: number): Promise<number> {
  const body = JSON.stringify({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [x] }],
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { 'content-type': 'application/json' };
  request(`${origin}/models/${model}/v2/models/${model}/infer`, { method: 'POST', agent, headers })
    .on('error', reject)
    .on('response', (answer) => {
      const { statusCode = 0 } = answer;
      text(answer).then((answered) => resolve(statusOf(statusCode, answered, x)), reject);
    })
    .end(body);
  return promise;
}

function statusOf(status: number, answered: string, x: number): number {
  return status === 200 && JSON.parse(answered).outputs[0].data[0] !== x + 1 ? 1 : status;
}
