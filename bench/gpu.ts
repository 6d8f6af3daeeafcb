// Proves the GPU part of Slipway on a machine that has a GPU: our launcher starts vLLM with the context and the share of memory that we compute, for a small Llama of random weights and for each given Hugging Face folder.
// Nothing may run out of memory, even with the longest request and with the counted number of requests at once; greedy tokens are compared with transformers' on the CPU, and the terms of our formula with the memory that vLLM took.
// `node bench/gpu.ts [FOLDER...]`, with VLLM_PYTHON (a Python that has vllm) or VLLM_IMAGE (its image by digest, for Docker with the NVIDIA runtime).
// `node bench/gpu.ts --as L4 FOLDER...` only prints the settings that vLLM would be started with on an instance with one such GPU: that needs neither.
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GpuModel } from '#domain/artifact/facts.ts';
import { maxArtifactBytes } from '#domain/artifact/limit.ts';
import {
  type FittedServing,
  type Gpus,
  gpuBytes,
  gpuServing,
} from '#domain/placement/gpu-memory.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';
import { filesAt } from '#operations/inspection/inspect-path.ts';
import { temporaryFolder } from '../test/support/slipway/running.ts';
import { row, spread } from './figures.ts';
import { streamed } from './gpu/asked.ts';
import { type Compared, errorPercent, memoryOf, ranOut } from './gpu/log.ts';
import { gpuHere, gpuOnEc2, missing, type Runner, runnerHere, usedMiB } from './gpu/machine.ts';
import { freePort } from './proxies.ts';

const MIB = 2 ** 20;
const TOKENS = 64;
const PROMPT = 'once upon a time there was a little girl who lived in a small village';
const LONGEST_START_MS = 1_200_000;
// Half precision keeps three digits: where the scores of two tokens differ by less, either may come first.
const MOST_GAP = 0.25;

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Error) || error.name !== 'Missing') throw error;
  console.error(`bench/gpu: ${error.message}`);
  process.exitCode = 3;
}

async function main(given: readonly string[]): Promise<void> {
  if (given[0] === '--as') {
    const gpus = gpuOnEc2(given[1] ?? '');
    for (const folder of given.slice(2)) plan(folder, await modelOf(folder), gpus);
    return;
  }
  const gpus = await gpuHere();
  const runner = await runnerHere(process.env);
  console.log(`${gpus.accelerator} of ${gpus.acceleratorMiB} MiB, vLLM of ${runner.says}`);
  await using made = await temporaryFolder();
  await runner.reference(made.path, ['make', made.path]);
  const isRight: boolean[] = [];
  for (const folder of [made.path, ...given.map((each) => resolve(each))]) {
    isRight.push(await proven(runner, folder, gpus));
  }
  process.exitCode = isRight.every(Boolean) ? 0 : 1;
}

async function modelOf(folder: string): Promise<GpuModel> {
  const manifest = parseManifest('', 'model.yaml');
  const maxBytes = maxArtifactBytes(TARGETS);
  const { gpuModel } = await inspectFiles(await filesAt(folder), { maxBytes, manifest });
  if (gpuModel) return gpuModel;
  throw missing(`${folder} is no language model that vLLM would serve`);
}

/** The settings that vLLM gets for this model on these GPUs. */
function plan(folder: string, model: GpuModel, gpus: Gpus): FittedServing {
  const serving = gpuServing(model, gpus);
  const needs = `${Math.ceil(gpuBytes(model, gpus.count) / MIB)} of ${gpus.acceleratorMiB} MiB`;
  if (!serving) {
    throw missing(`${folder} does not fit on one ${gpus.accelerator}: it needs ${needs}`);
  }
  const { maxModelLen, gpuMemoryUtilization } = serving;
  console.log(`\n${folder}: needs ${needs}`);
  console.log(
    `--max-model-len ${maxModelLen} --gpu-memory-utilization ${gpuMemoryUtilization} --tensor-parallel-size ${gpus.count}`,
  );
  return serving;
}

async function proven(runner: Runner, folder: string, gpus: Gpus): Promise<boolean> {
  const model = await modelOf(folder);
  const serving = plan(folder, model, gpus);
  const server = await started(runner, folder, { serving, gpus });
  try {
    const prompt = JSON.parse(await runner.reference(folder, ['tokens', folder, PROMPT]));
    const answers = await answered(server.origin, prompt, { model, serving });
    const peakMiB = server.peakMiB();
    const asked = JSON.stringify({ prompt, tokens: answers.alone.tokens });
    const judged = JSON.parse(await runner.reference(folder, ['judge', folder], asked));
    console.log(row('ready, s', (server.readyMs / 1000).toFixed(1)));
    reportAnswers(answers, judged);
    reportMemory(memoryOf(server.log(), model, { gpus, serving }));
    console.log(row('most of the GPU in use', `${peakMiB} of ${gpus.acceleratorMiB} MiB`));
    const isOut = ranOut(server.log());
    if (isOut) console.log('it ran out of memory');
    return !isOut && judged.largestGap <= MOST_GAP;
  } finally {
    await server.stop();
  }
}

type Answers = Awaited<ReturnType<typeof answered>>;

/** Sends one request alone, then the calculated number of requests at once, and then the longest possible one. */
async function answered(
  origin: string,
  prompt: readonly number[],
  { model, serving }: { readonly model: GpuModel; readonly serving: FittedServing },
) {
  const ask = (asked: readonly number[], max_tokens: number) =>
    streamed(origin, { model: 'gpu', prompt: asked, max_tokens });
  await ask(prompt, 2);
  const alone = await ask(prompt, TOKENS);
  const many = await Promise.all(
    Array.from({ length: model.requestsAtOnce }, (_, at) => ask([...prompt, at + 5], TOKENS)),
  );
  const longest = Array.from({ length: serving.maxModelLen - 2 }, (_, at) => 5 + (at % 200));
  await ask(longest, 1);
  return { alone, many, longestTokens: longest.length };
}

type Judged = { readonly equal: number; readonly of: number; readonly largestGap: number };

function reportAnswers({ alone, many, longestTokens }: Answers, judged: Judged): void {
  const { equal, of, largestGap } = judged;
  const each = many.map(({ perSecond }) => perSecond);
  const apart = `else ${largestGap.toFixed(3)} apart at most (limit ${MOST_GAP})`;
  console.log(row('first token, ms', alone.firstMs.toFixed(1)));
  console.log(row('tokens a second, alone', alone.perSecond.toFixed(1)));
  console.log(row(`each of ${many.length} at once`, `${spread(each, 1)} (min / median / max)`));
  console.log(row('the longest request', `${longestTokens} tokens, answered`));
  console.log(row('greedy tokens', `${equal} of ${of} as transformers, ${apart}`));
}

function reportMemory(terms: readonly Compared[]): void {
  for (const term of terms) {
    const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
    const off = errorPercent(term)?.toFixed(1);
    const seen = term.seen === null ? 'not said' : `${mib(term.seen)}: ${off} %`;
    console.log(row(term.what, `counted ${mib(term.counted)}, seen ${seen}`));
  }
}

async function started(
  runner: Runner,
  folder: string,
  { serving, gpus }: { readonly serving: FittedServing; readonly gpus: Gpus },
) {
  const port = await freePort();
  const beganMs = performance.now();
  const env = {
    MODEL_PATH: runner.modelPath(folder),
    MODEL_NAME: 'gpu',
    MODEL_VERSION: '1',
    SLIPWAY_REVISION: 'gpu-v1',
    PORT: String(port),
    MAX_MODEL_LEN: String(serving.maxModelLen),
    GPU_MEMORY_UTILIZATION: String(serving.gpuMemoryUtilization),
    TENSOR_PARALLEL_SIZE: String(gpus.count),
    END_WITH_STDIN: 'true',
  };
  const child = runner.serve(env, folder);
  let [log, peak] = ['', 0];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += chunk));
  const ended = once(child, 'close');
  const watch = setInterval(async () => {
    peak = Math.max(peak, await usedMiB());
  }, 250);
  const origin = `http://127.0.0.1:${port}`;
  const stop = async () => {
    clearInterval(watch);
    child.stdin?.end();
    await ended;
  };
  while (!(await fetch(`${origin}/ping`).catch(() => undefined))?.ok) {
    const isOver = child.exitCode !== null || performance.now() - beganMs > LONGEST_START_MS;
    if (isOver) {
      await stop();
      throw new Error(
        `vLLM did not get ready${ranOut(log) ? ': out of memory' : ''}\n${log.slice(-4000)}`,
      );
    }
    await sleep(250);
  }
  return {
    origin,
    readyMs: performance.now() - beganMs,
    log: () => log,
    peakMiB: () => peak,
    stop,
  };
}
