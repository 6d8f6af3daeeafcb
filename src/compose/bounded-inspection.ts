import { getCompileCacheDir } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { ArtifactFacts } from '#domain/artifact-facts.ts';
import { Failure } from '#domain/failure.ts';
import type { Manifest } from '#domain/manifest.ts';
import type { ArtifactFile } from '#formats/artifact-file.ts';
import type { InspectOptions } from '#formats/inspect.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type Answered, type Inspection, MARK, THREAD, type Told } from './inspection-thread.ts';

/** What one inspection may cost: the seconds in which its thread works, and the MiB of that thread's heap. */
export type InspectionBudget = { readonly cpuSeconds: number; readonly heapMiB: number };

export const INSPECTION_BUDGET: InspectionBudget = { cpuSeconds: 60, heapMiB: 256 };

export type Inspector = {
  /** Starts a thread for what is to come. */
  warm(): void;
  inspect(files: readonly ArtifactFile[], options: InspectOptions): Promise<ArtifactFacts>;
  parseManifest(text: string, fileName: string): Promise<Manifest>;
};

const LOOK_MS = 100;
const FIX =
  'What costs so much is damaged, or made to: save the model again, from where you know that it is right.';

/**
 * Inspects in a thread of its own, so that no input holds up or ends whoever asks. One thread is kept for what comes next.
 * Fails with `ArtifactRejected` where the budget is used up, and says what had been read by then; else as the inspection does.
 * `settings` are the thread's variables: in a function of AWS it runs the whole bundle again, which reads them.
 */
export function boundedInspector(
  budget: InspectionBudget,
  settings: Readonly<Record<string, string | undefined>>,
): Inspector {
  const threads = threadsOf(budget.heapMiB, settings);

  async function bounded<Result>(
    files: readonly ArtifactFile[],
    inspection: Inspection,
  ): Promise<Result> {
    const thread = threads.take();
    try {
      const result = await resultOf<Result>({ thread, files, inspection, budget });
      threads.keep(thread);
      return result;
    } catch (error) {
      void thread.terminate();
      throw error;
    }
  }

  return {
    warm: threads.warm,
    inspect: (files, { maxBytes, manifest: { model } }) =>
      bounded(files, {
        kind: 'files',
        files: files.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
        options: { maxBytes, manifest: { model } },
      }),
    parseManifest: (text, fileName) => bounded([], { kind: 'manifest', text, fileName }),
  };
}

/** Threads that inspect; one that has nothing to do keeps no process alive. */
function threadsOf(heapMiB: number, settings: NodeJS.ProcessEnv) {
  const compiled = getCompileCacheDir();
  let spare: Worker | undefined;

  function start(): Worker {
    const thread = new Worker(THREAD, {
      workerData: MARK,
      resourceLimits: { maxOldGenerationSizeMb: heapMiB },
      // Half of what a thread's start takes is compiling.
      env: compiled === undefined ? settings : { ...settings, NODE_COMPILE_CACHE: compiled },
    });
    thread.once('exit', () => {
      if (spare === thread) spare = undefined;
    });
    // Without a reader the error of a spare one would end the process.
    thread.on('error', () => undefined);
    return thread;
  }

  function keep(thread: Worker): void {
    thread.unref();
    if (spare) void thread.terminate();
    else spare = thread;
  }

  return {
    keep,
    warm: () => keep(start()),
    take(): Worker {
      const thread = spare ?? start();
      spare = undefined;
      thread.ref();
      return thread;
    },
  };
}

type Running = {
  readonly thread: Worker;
  readonly files: readonly ArtifactFile[];
  readonly inspection: Inspection;
  readonly budget: InspectionBudget;
};

async function resultOf<Result>({ thread, files, inspection, budget }: Running): Promise<Result> {
  const { cpuSeconds, heapMiB } = budget;
  const reads = readsOf(files);
  // What the thread took to start is not the input's.
  let before: ReturnType<typeof thread.performance.eventLoopUtilization> | undefined;
  const over = (limit: string) =>
    new Failure('ArtifactRejected', `its inspection used ${limit}, its limit, ${reads.last()}`, {
      fix: FIX,
    });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const hear = async (told: Told) => {
    if (told.kind === 'begun') before = thread.performance.eventLoopUtilization();
    else if (told.kind === 'read') thread.postMessage(await reads.answer(told));
    else if (told.kind === 'done') resolve(told.value as Result);
    else reject(reads.failure(told));
  };
  const fail = (error: Error) =>
    reject(isOutOfMemory(error) ? over(`${heapMiB} MiB of memory`) : error);
  thread.on('message', hear).on('error', fail);
  const timer = setInterval(() => {
    const active = before && thread.performance.eventLoopUtilization(before).active;
    if (active && active > cpuSeconds * 1000) reject(over(`${cpuSeconds} s of CPU`));
  }, LOOK_MS);
  thread.postMessage(inspection);
  return promise.finally(() => {
    clearInterval(timer);
    thread.off('message', hear).off('error', fail);
  });
}

/** The reads of an inspection, done here: what the last one was, and what became of those that failed. */
function readsOf(files: readonly ArtifactFile[]) {
  const sources = new Map<number, Promise<ByteSource>>();
  const troubles = new Map<number, unknown>();
  let last = 'before it had read anything';

  function open(file: number): Promise<ByteSource> {
    const source = sources.get(file) ?? Promise.resolve(files[file]).then(opened);
    sources.set(file, source);
    return source;
  }

  return {
    last: () => last,
    async answer({ id, file, start, length }: Told & { kind: 'read' }): Promise<Answered> {
      last = `when it had read ${files[file]?.name} from byte ${start} to ${start + length}`;
      try {
        return { id, bytes: await (await open(file)).read(start, length) };
      } catch (error) {
        troubles.set(id, error);
        return { id, bytes: null };
      }
    },
    failure({ name, message, fix, failedRead }: Told & { kind: 'failed' }): unknown {
      if (failedRead !== null) return troubles.get(failedRead);
      return name === null ? new Error(message) : new Failure(name, message, { fix });
    },
  };
}

async function opened(file: ArtifactFile | undefined): Promise<ByteSource> {
  if (!file) throw new Error('the inspection asked for a file that is not there');
  return file.open();
}

function isOutOfMemory(error: Error): boolean {
  return 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}
