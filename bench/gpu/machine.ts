// Finds the GPU of this machine, and the program that runs vLLM: a Python that has it, or its image.
import { execFile, spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import instances from '#domain/data/gpu-instances.json' with { type: 'json' };
import type { Gpus } from '#domain/placement/gpu-memory.ts';

const run = promisify(execFile);
const LAUNCHER = fileURLToPath(new URL('../../runtimes/vllm', import.meta.url));
const REFERENCE = fileURLToPath(new URL('reference.py', import.meta.url));

/** The reason why nothing can be proven here, in a sentence. */
export function missing(says: string): Error {
  return Object.assign(new Error(says), { name: 'Missing' });
}

export type Runner = {
  readonly says: string;
  /** The path of the model to the server, where its folder is `folder` here. */
  modelPath(folder: string): string;
  /** vLLM's server by our launcher, which ends with its standard input. */
  serve(env: Readonly<Record<string, string>>, folder: string): ReturnType<typeof spawn>;
  /** The output of reference.py, run without a GPU. */
  reference(folder: string, given: readonly string[], input?: string): Promise<string>;
};

/** The first GPU of this machine, in the form that the calculations take. */
export async function gpuHere(): Promise<Gpus> {
  const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits', '--id=0'];
  const told = await run('nvidia-smi', query).catch(() => {
    throw missing(
      'this machine has no NVIDIA GPU (nvidia-smi did not answer); run this on one that has, with VLLM_PYTHON or VLLM_IMAGE set',
    );
  });
  const [, name = '', memory = ''] = /^(.+), (\d+)$/m.exec(told.stdout) ?? [];
  return { accelerator: acceleratorOf(name), count: 1, acceleratorMiB: Number(memory) };
}

/** One GPU of this name, as in the cheapest EC2 instance that has one. */
export function gpuOnEc2(name: string): Gpus {
  const found = instances.instances.find((each) => each.accelerator === name && each.count === 1);
  if (found) return found;
  const names = instances.instances.map(({ accelerator }) => accelerator);
  throw missing(
    `EC2 has no instance with one ${name}; it has ${[...new Set(names)].sort().join(', ')}`,
  );
}

/** The GPU memory in use, in MiB. */
export async function usedMiB(): Promise<number> {
  const query = ['--query-gpu=memory.used', '--format=csv,noheader,nounits', '--id=0'];
  return Number((await run('nvidia-smi', query)).stdout.trim());
}

/** Runs vLLM by a Python that imports it, else by the image. */
export async function runnerHere({
  VLLM_PYTHON: python,
  VLLM_IMAGE: image,
}: NodeJS.ProcessEnv): Promise<Runner> {
  if (python) {
    await run(python, ['-c', 'import vllm']).catch(() => {
      throw missing(`VLLM_PYTHON is ${python}, which cannot import vllm: pip install vllm`);
    });
    return byPython(python);
  }
  if (!image) {
    throw missing(
      'nothing here runs vLLM: set VLLM_PYTHON to a Python that has it, or VLLM_IMAGE to vLLM’s image by its digest, for Docker with the NVIDIA runtime',
    );
  }
  const check = ['run', '--rm', '--gpus', 'all', '--entrypoint', 'nvidia-smi', image];
  await run('docker', check).catch((error) => {
    throw missing(`Docker gives ${image} no GPU: ${String(error.stderr || error).trim()}`);
  });
  return byImage(image);
}

function byPython(python: string): Runner {
  return {
    says: python,
    modelPath: (folder) => folder,
    serve: (env) =>
      spawn(python, ['-m', 'slipway_vllm'], {
        env: {
          ...process.env,
          ...env,
          PYTHONPATH: LAUNCHER,
          PATH: `${dirname(python)}:${process.env['PATH']}`,
        },
        stdio: ['pipe', 'pipe', 'pipe'],
      }),
    reference: (_, given, input = '') =>
      fed(
        spawn(python, [REFERENCE, ...given], { env: { ...process.env, CUDA_VISIBLE_DEVICES: '' } }),
        input,
      ),
  };
}

function byImage(image: string): Runner {
  const on = (folder: string, options: readonly string[], given: readonly string[]) =>
    spawn('docker', [
      ...['run', '--rm', '--interactive', '--volume', `${folder}:${folder}`, ...options],
      ...['--entrypoint', 'python3', image, ...given],
    ]);
  return {
    says: image,
    modelPath: (folder) => folder,
    serve(env, folder) {
      const told = Object.entries(env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
      const own = ['--volume', `${LAUNCHER}:/opt/runtime:ro`, '--env', 'PYTHONPATH=/opt/runtime'];
      return on(
        folder,
        ['--gpus', 'all', '--network', 'host', ...own, ...told],
        ['-m', 'slipway_vllm'],
      );
    },
    reference: (folder, given, input = '') =>
      fed(
        on(folder, ['--volume', `${REFERENCE}:/reference.py:ro`], ['/reference.py', ...given]),
        input,
      ),
  };
}

async function fed(child: ReturnType<typeof spawn>, input: string): Promise<string> {
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => (out += chunk));
  child.stderr?.on('data', (chunk) => (err += chunk));
  child.stdin?.end(input);
  const code = await new Promise((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  if (code !== 0) throw new Error(`the reference ended with ${code}: ${err.slice(-2000)}`);
  return out;
}

/** AWS's short name of a GPU that calls itself `NVIDIA A10G` or `Tesla T4`. */
function acceleratorOf(name: string): string {
  const words = name.split(/[\s-]+/);
  return (
    instances.instances.map((each) => each.accelerator).find((each) => words.includes(each)) ?? name
  );
}
