import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { pythonWith } from '../../test/runtimes/python-environment.ts';
import { smollm } from '../../test/support/models/smollm.ts';
import { startSlipway, temporaryFolder } from '../../test/support/slipway/running.ts';
import { type Asking, firstAnswer } from '../beside/asking.ts';
import { dropped, undeployed } from '../beside/drops.ts';
import { threadsCpuMs } from '../beside/process-tree.ts';
import type { Ours } from '../beside/subject.ts';
import { inTurns, ratiosOf } from '../beside/turns.ts';
import { row, spread } from '../figures.ts';

export const CONTEXT = 1024;
const TOKENS = 64;
const PROMPT = 'Once upon a time, there was a little girl who lived in a small village.';

/** One stream's figures: ms to the first token, tokens a second after it, and CPU ms a token. */
export type Seen = { readonly firstMs: number; readonly perSecond: number; readonly cpuMs: number };

type Running = { readonly at: string; readonly pid: number };
type Side = 'slipway' | 'bare';

/**
 * Measures a language model in a GGUF file through Slipway's gateway, beside llama.cpp's own server with nothing before it: the same weights, threads and context.
 * Prints tokens a second, the time to the first token and the CPU time of streams; both sides, and the ratio or the difference of each round.
 */
export async function measureLanguage(rounds: number): Promise<void> {
  const weights = await weightsPath();
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(folder.path);
  const { child, port } = await bareServer(weights, await llamaPython());
  const bare = { at: `http://127.0.0.1:${port}`, pid: child.pid ?? 0 };
  try {
    const wanted = await firstAnswer(bare.at, completion);
    const dropIn = (model: string) =>
      dropped(slipway, dropOf(weights), { model, ask: () => completion, wanted, mostApart: 0 });
    const coldMs = await dropIn('first');
    await undeployed(slipway, 'first');
    const nextMs = await dropIn('next');
    const sides = {
      slipway: { at: `${slipway.gateway}/models/next`, pid: slipway.process.pid ?? 0 },
      bare,
    };
    const { slipway: ours = [], bare: others = [] } = await inTurns(
      {
        slipway: (round) => asked(sides.slipway, round),
        bare: (round) => asked(sides.bare, round),
      },
      rounds,
    );
    report({ slipway: ours, bare: others });
    console.log(row('drop → answer, ms', `${nextMs.toFixed(0)}; the first ${coldMs.toFixed(0)}`));
  } finally {
    child.stdin?.end();
  }
}

const completion: Asking = {
  path: '/v1/completions',
  body: { prompt: PROMPT, max_tokens: 8, temperature: 0 },
  read: (answer) => (answer as { choices: [{ text: string }] }).choices[0].text,
};

function dropOf(weights: string): Ours['drop'] {
  const bytes = readFileSync(weights);
  return (slipway, model) => {
    slipway.drop(`models/${model}/m.gguf.yaml`, `runtime: { contextTokens: ${CONTEXT} }`);
    slipway.drop(`models/${model}/m.gguf`, bytes);
  };
}

/** One streamed answer. Each round has a different prompt, so that neither side finds it in its cache. */
export async function asked({ at, pid }: Running, round: number): Promise<Seen> {
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

function report(seen: Readonly<Record<Side, readonly Seen[]>>): void {
  const of = (side: Side, figure: keyof Seen) => seen[side].map((one) => one[figure]);
  for (const side of ['slipway', 'bare'] as const) {
    console.log(row(`${side}, tokens a second`, spread(of(side, 'perSecond'), 1)));
    console.log(row(`${side}, first token, ms`, spread(of(side, 'firstMs'), 1)));
    console.log(row(`${side}, CPU ms a token`, spread(of(side, 'cpuMs'), 2)));
  }
  const ratios = ratiosOf(of('slipway', 'perSecond'), of('bare', 'perSecond'));
  const later = of('slipway', 'firstMs').map(
    (ours, at) => ours - (of('bare', 'firstMs')[at] ?? Number.NaN),
  );
  console.log(row('tokens a second, ratio', `${spread(ratios, 3)} (aim: 0.95)`));
  console.log(row('first token, ms later', `${spread(later, 1)} (aim: 20)`));
}

/** llama.cpp's own server, with as many threads as Slipway's has. */
export async function bareServer(
  weights: string,
  python: string,
): Promise<{ readonly child: ChildProcess; readonly port: string }> {
  const script = fileURLToPath(new URL('llama_server.py', import.meta.url));
  const given = [script, weights, String(CONTEXT), String(availableParallelism())];
  const child = spawn(python, given, { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const port of createInterface(child.stdout)) return { child, port };
  throw new Error("llama.cpp's server did not start");
}

export async function weightsPath(): Promise<string> {
  return needed(await smollm());
}

/** A Python with the packages of Slipway's server and of llama.cpp. */
export async function llamaPython(): Promise<string> {
  const packages = ['requirements.txt', 'numpy.txt', '../../test/runtimes/llama-requirements.txt'];
  return needed(await pythonWith(...packages));
}

function needed(found: string | { readonly missing: string }): string {
  if (typeof found === 'string') return found;
  throw new Error(found.missing);
}
