import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from './monotonic.ts';
import { TICKS } from './ticks.ts';

/** `kept` and `fresh` are short requests on a kept or a new connection; `slow` sends its body in two halves, `stream` reads an answer that takes a while. */
export type Kind = 'kept' | 'fresh' | 'slow' | 'stream';

/** One request as its client saw it, in ms of the machine's monotonic clock, which all processes share. `fault` is empty for a whole, right answer. */
export type Seen = {
  readonly kind: Kind;
  readonly startMs: number;
  readonly endMs: number;
  readonly revision: string;
  readonly fault: string;
};

const [, , origin = '', rate = '1000'] = process.argv;
const PERIOD_MS = 5;
const REPORT_MS = 100;
// This is below the 100 that the model server lets wait: a busy machine answers fewer a second, and refuses none.
const MOST_AT_ONCE = 64;
const LONG_ONES = 4;
const KEPT = new Agent({ keepAlive: true, maxSockets: 32 });

let seen: Seen[] = [];
let atOnce = 0;
let isRunning = true;
process.on('message', () => {
  isRunning = false;
});
const reporting = setInterval(report, REPORT_MS);
await Promise.all([shortOnes(), ...repeated('slow', slow), ...repeated('stream', stream)]);
clearInterval(reporting);
report();
process.disconnect();

function report(): void {
  process.send?.(seen);
  seen = [];
}

/** Half of them use new connections. */
async function shortOnes(): Promise<void> {
  const startMs = monotonicMs();
  const sending = new Set<Promise<void>>();
  for (let sent = 0; isRunning; await sleep(PERIOD_MS)) {
    const due = ((monotonicMs() - startMs) * Number(rate)) / 1_000;
    for (; sent < due && atOnce < MOST_AT_ONCE; sent += 1) {
      const kind = sent % 2 === 0 ? 'kept' : 'fresh';
      const call = watch(kind, () => infer(sent, kind === 'kept' ? KEPT : false));
      sending.add(call);
      void call.then(() => sending.delete(call));
    }
  }
  await Promise.all(sending);
}

function repeated(kind: Kind, call: () => Promise<string>): readonly Promise<void>[] {
  return Array.from({ length: LONG_ONES }, async () => {
    while (isRunning) await watch(kind, call);
  });
}

async function watch(kind: Kind, call: () => Promise<string>): Promise<void> {
  const startMs = monotonicMs();
  atOnce += 1;
  const end = (revision: string, fault: string) =>
    seen.push({ kind, startMs, endMs: monotonicMs(), revision, fault });
  await call().then(
    (revision) => end(revision, ''),
    (error: Error) => end('', error.message),
  );
  atOnce -= 1;
}

async function infer(x: number, agent: Agent | false): Promise<string> {
  const sending = open('POST', '/models/digits/v2/models/digits/infer', agent);
  sending.end(bodyOf(x));
  return added(x, await answerTo(sending));
}

async function slow(): Promise<string> {
  const x = Math.floor(Math.random() * 1_000);
  const body = bodyOf(x);
  const sending = open('POST', '/models/digits/v2/models/digits/infer', KEPT);
  sending.setHeader('content-length', body.length);
  sending.write(body.slice(0, body.length / 2));
  const answering = answerTo(sending);
  await Promise.race([sleep(200 + Math.random() * 400), answering]);
  sending.end(body.slice(body.length / 2));
  return added(x, await answering);
}

async function stream(): Promise<string> {
  const answer = await answerTo(open('GET', '/models/ticker/', false).end());
  const revision = revisionOf(answer);
  const whole = `data: ${revision.slice(-1)}\n\n`.repeat(TICKS);
  if ((await text(answer)) !== whole) throw new Error('the stream is not whole');
  return revision;
}

function open(method: string, path: string, agent: Agent | false) {
  return request(origin + path, { method, agent, headers: { 'content-type': 'application/json' } });
}

function bodyOf(x: number): string {
  return JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [x] }] });
}

async function answerTo(sending: ReturnType<typeof open>): Promise<IncomingMessage> {
  const [answer] = await once(sending, 'response');
  return answer;
}

/** The revision of an answer that is `x` and its version. */
async function added(x: number, answer: IncomingMessage): Promise<string> {
  const body = await text(answer);
  const revision = revisionOf(answer);
  const [y] = answer.statusCode === 200 ? JSON.parse(body).outputs[0].data : [];
  if (y !== x + Number(revision.slice(-1))) throw new Error(`${answer.statusCode}: ${body}`);
  return revision;
}

function revisionOf({ headers }: IncomingMessage): string {
  return String(headers['x-slipway-revision']);
}
