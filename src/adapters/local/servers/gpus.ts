import { execFile } from 'node:child_process';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { type Accelerator, ANY_GPU } from '#domain/manifest/manifest.ts';

export type Gpu = { readonly name: string; readonly memoryMiB: number };

/** The GPUs of this machine; `problem` says why they could not be listed. */
export type SeenGpus =
  | { readonly kind: 'seen'; readonly gpus: readonly Gpu[] }
  | { readonly kind: 'unseen'; readonly problem: string };

/** Never fails, and answers within 5 s. */
export type GpuLook = () => Promise<SeenGpus>;

const LOOK_MS = 5_000;
const QUERY = ['--query-gpu=name,memory.total', '--format=csv,noheader'];

/** Asks NVIDIA's own tool, which comes with its driver. */
export function nvidiaGpus(command = 'nvidia-smi'): GpuLook {
  return () =>
    new Promise((resolve) => {
      execFile(command, QUERY, { timeout: LOOK_MS, killSignal: 'SIGKILL' }, (error, output) => {
        if (error) resolve({ kind: 'unseen', problem: problemOf(command, error, output) });
        else resolve({ kind: 'seen', gpus: readGpus(output) });
      });
    });
}

/** A predicate for a model server whose GPU is not available here; undefined when it is. */
export function missingGpu({ name, count }: Accelerator, seen: SeenGpus): string | undefined {
  const fix = 'set placement.allowCpu: true to run without a GPU, or use a machine with such a GPU';
  const needs = name === ANY_GPU ? 'needs a GPU' : `needs ${count} ${name}`;
  if (seen.kind === 'unseen') return `${needs}, but ${seen.problem}: ${fix}`;
  const having = seen.gpus.filter((gpu) => name === ANY_GPU || isA(name, gpu));
  if (having.length >= count) return undefined;
  const all = seen.gpus.map((gpu) => `${gpu.name} (${gpu.memoryMiB} MiB)`).join(', ');
  return `${needs}, but this machine has ${all || 'no GPU'}: ${fix}`;
}

/** Parses lines such as `NVIDIA L4, 23034 MiB`. */
function readGpus(output: string): readonly Gpu[] {
  return output.split('\n').flatMap((line) => {
    const [, name, memory] = /^(.+), (\d+) MiB$/.exec(line.trim()) ?? [];
    return name ? [{ name, memoryMiB: Number(memory) }] : [];
  });
}

/** AWS's `RTX PRO 6000 Server` calls itself `NVIDIA RTX PRO 6000 Blackwell Server Edition`. */
function isA(wanted: string, { name }: Gpu): boolean {
  const words = wordsOf(name);
  return wordsOf(wanted).every((word) => words.includes(word));
}

function wordsOf(name: string): readonly string[] {
  return name.toLowerCase().split(/[^a-z0-9]+/);
}

function problemOf(command: string, error: Error, output: string): string {
  const code = errorCode(error);
  if (code === 'ENOENT') return `this machine has no ${command}, and so no GPU`;
  // The system answers the same where there is no such program and this user may not look into a folder of PATH.
  if (code === 'EACCES') return `this user may start no ${command}, and so sees no GPU`;
  if ('killed' in error && error.killed) return `${command} did not answer in ${LOOK_MS} ms`;
  const [said = ''] = output.trim().split('\n');
  return `${command} found no GPU${said && ` (${said})`}`;
}
