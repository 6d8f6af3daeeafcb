import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gpuBytes } from '#domain/placement/gpu-memory.ts';
import { errorPercent, memoryOf, ranOut } from '../../bench/gpu/log.ts';
import { llamaInSixteenBits } from '../support/models/large-language.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../..');
const GIB = 2 ** 30;

/** The bench's output on a machine without a GPU, and how it ends. */
async function bench(...given: readonly string[]) {
  await using folder = await temporaryFolder();
  const { NODE_COMPILE_CACHE = '' } = process.env;
  const env = { PATH: folder.path, HOME: folder.path, NODE_COMPILE_CACHE };
  const settings = { cwd: ROOT, env };
  return run(process.execPath, ['bench/gpu.ts', ...given], settings).then(
    ({ stdout }) => ({ code: 0, said: stdout }),
    ({ code, stderr }) => ({ code, said: stderr }),
  );
}

describe('the proof of what runs on GPUs', () => {
  it('ends with a sentence where there is none', async () => {
    expect(await bench()).toEqual({
      code: 3,
      said: 'bench/gpu: this machine has no NVIDIA GPU (nvidia-smi did not answer); run this on one that has, with VLLM_PYTHON or VLLM_IMAGE set\n',
    });
  });

  it('says without one what vLLM would be started with, and what does not fit', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'llama'));
    const model = await llamaInSixteenBits(join(folder.path, 'llama'));

    const [large, small] = [await bench('--as', 'L40S', model), await bench('--as', 'T4', model)];

    expect(large.said).toContain(
      '--max-model-len 4096 --gpu-memory-utilization 0.95 --tensor-parallel-size 1\n',
    );
    expect(small).toMatchObject({ code: 3, said: expect.stringMatching(/does not fit on one T4/) });
  });

  it('holds each term of the formula to what vLLM says it took', () => {
    const model = {
      weightBytes: 14 * GIB,
      cacheWidth: 2 ** 16,
      embeddingLength: 4096,
      feedForwardLength: 11_008,
      vocabulary: 32_000,
      heads: 32,
      contextLength: 4096,
      contextTokens: 4096,
      requestsAtOnce: 8,
      isBfloat16: true,
    };
    const log = `
INFO [gpu_model_runner.py:1] Model loading took 12.5 GiB memory and 3.5 seconds
INFO [gpu_worker.py:2] Available KV cache memory: 25.00 GiB
INFO [kv_cache_utils.py:3] GPU KV cache size: 204,800 tokens`;
    const gpus = { accelerator: 'L40S', count: 1, acceleratorMiB: 45_776 };
    const serving = { maxModelLen: 4096, gpuMemoryUtilization: 0.95 };

    const terms = memoryOf(log, model, { gpus, serving });
    const silent = memoryOf('', model, { gpus, serving });

    expect(terms.map((term) => Math.round(errorPercent(term) ?? Number.NaN))).toEqual([12, 0, -56]);
    expect(terms.reduce((sum, { counted }) => sum + counted, 0)).toBe(gpuBytes(model, 1));
    expect(silent.map(errorPercent)).toEqual([null, null, null]);
    expect(ranOut(`${log}\ntorch.OutOfMemoryError: CUDA out of memory.`)).toBe(true);
    expect(ranOut(log)).toBe(false);
  });
});
