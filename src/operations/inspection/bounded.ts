import { type ChildProcess, fork } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { Socket } from 'node:net';
import { lowerPriority } from '#adapters/local/processes/priority.ts';
import { cpuSeconds, residentMiB } from '#adapters/local/processes/process-usage.ts';
import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import { Failure } from '#domain/failure.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { InspectOptions } from '#formats/inspect.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type Answered, type Inspection, MARK, PROCESS, type ProcessMessage } from './process.ts';

/** The limits of one inspection: CPU seconds, and MiB of memory beyond the process's own. */
export type InspectionBudget = { readonly cpuSeconds: number; readonly memoryMiB: number };

export const INSPECTION_BUDGET: InspectionBudget = { cpuSeconds: 60, memoryMiB: 256 };

export type Inspector = {
  /** Starts a process ahead of the next inspection. */
  warm(): void;
  inspect(files: readonly ArtifactFile[], options: InspectOptions): Promise<ArtifactFacts>;
  parseManifest(text: string, fileName: string): Promise<Manifest>;
};

const LOOK_MS = 100;
const MOST_SAID = 4000;
const FIX =
  'A file that costs so much to read is damaged or hostile: save the model again, from a source that you trust.';

/**
 * Inspects in a separate process, so that no input can block or crash the caller, and at a low priority. One process is kept for the next inspection.
 * Fails with `ArtifactRejected` when the budget is used up, and names the last read; otherwise as the inspection does.
 * Memory outside the heap is limited only on Linux; elsewhere wall-clock time counts instead of CPU time.
 * `settings` are the process's environment variables: in a Lambda function it runs the whole bundle again, which reads them.
 * `survivesInterrupt` keeps a Ctrl-C in the terminal from it: only this process decides when an inspection ends.
 */
export function boundedInspector(
  budget: InspectionBudget,
  settings: Readonly<Record<string, string | undefined>>,
  { survivesInterrupt = false } = {},
): Inspector {
  const processes = processesOf(budget.memoryMiB, settings, survivesInterrupt);

  async function bounded<Result>(
    files: readonly ArtifactFile[],
    inspection: Inspection,
  ): Promise<Result> {
    const child = processes.take();
    try {
      const result = await resultOf<Result>({ child, files, inspection, budget });
      processes.keep(child);
      return result;
    } catch (error) {
      // A process that has refused a file is as good as new; a start takes longer than most refusals.
      if (child.hasRefused) processes.keep(child);
      else child.process.kill('SIGKILL');
      throw error;
    }
  }

  return {
    warm: processes.warm,
    inspect: (files, { maxBytes, manifest: { model, entrypoint, build, runtime } }) =>
      bounded(files, {
        kind: 'files',
        files: files.map(({ name, sizeBytes }) => ({ name, sizeBytes })),
        options: {
          maxBytes,
          manifest: {
            model,
            ...(entrypoint !== undefined && { entrypoint }),
            ...(build && { build }),
            ...(runtime && { runtime }),
          },
        },
      }),
    parseManifest: (text, fileName) => bounded([], { kind: 'manifest', text, fileName }),
  };
}

type Child = {
  readonly process: ChildProcess;
  said(): string;
  /** Whether its last inspection ended with a reason, rather than with an unexpected error. */
  hasRefused: boolean;
};

/** The inspection processes; an idle one does not keep this process alive. */
function processesOf(heapMiB: number, settings: NodeJS.ProcessEnv, detached: boolean) {
  const compiled = getCompileCacheDir();
  const running = new Set<ChildProcess>();
  let spare: Child | undefined;
  const endAll = () => {
    for (const child of running) child.kill('SIGKILL');
  };
  if (detached) process.once('exit', endAll);

  function start(): Child {
    let said = '';
    const child = fork(PROCESS, [MARK], {
      execArgv: [`--max-old-space-size=${heapMiB}`],
      // Half of the start-up time is compiling.
      env: compiled === undefined ? settings : { ...settings, NODE_COMPILE_CACHE: compiled },
      detached,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.stderr?.on('data', (text) => {
      said = `${said}${text}`.slice(-MOST_SAID);
    });
    running.add(child);
    child.once('exit', () => {
      running.delete(child);
      if (spare?.process === child) spare = undefined;
    });
    // Without a listener an error of the spare process would end this one.
    child.on('error', () => undefined);
    lowerPriority(child.pid);
    return { process: child, said: () => said, hasRefused: false };
  }

  function keep(child: Child): void {
    hold(child, 'unref');
    if (spare) child.process.disconnect();
    else spare = child;
  }

  return {
    keep,
    warm: () => keep(start()),
    take(): Child {
      const child = spare ?? start();
      spare = undefined;
      child.hasRefused = false;
      hold(child, 'ref');
      return child;
    },
  };
}

/** Whether this process waits for a child to end. */
function hold({ process: child }: Child, how: 'ref' | 'unref'): void {
  child[how]();
  child.channel?.[how]();
  const said = child.stderr;
  if (said instanceof Socket) said[how]();
}

type Running = {
  readonly child: Child;
  readonly files: readonly ArtifactFile[];
  readonly inspection: Inspection;
  readonly budget: InspectionBudget;
};

async function resultOf<Result>({ child, files, inspection, budget }: Running): Promise<Result> {
  const reads = readsOf(files);
  const over = (limit: string) =>
    new Failure(
      'ArtifactRejected',
      `its inspection reached the limit of ${limit} ${reads.last()}`,
      {
        fix: FIX,
      },
    );
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const usage = usageOf(child.process, budget);
  const hear = async (told: ProcessMessage) => {
    if (told.kind === 'begun') usage.begin();
    else if (told.kind === 'read') child.process.send(await reads.answer(told));
    else if (told.kind === 'done') resolve(told.value as Result);
    else {
      child.hasRefused = told.name !== null && told.failedRead === null;
      reject(reads.failure(told));
    }
  };
  const ended = (code: number | null, signal: string | null) => {
    const isHeap = /heap (limit|out of memory)/i.test(child.said());
    reject(
      isHeap
        ? over(usage.memory)
        : new Error(`the inspection ended with ${signal ?? code}: ${child.said()}`),
    );
  };
  child.process.on('message', hear).on('error', reject).on('exit', ended);
  const timer = setInterval(() => {
    const limit = usage.passed();
    if (limit) reject(over(limit));
  }, LOOK_MS);
  child.process.send(inspection);
  return promise.finally(() => {
    clearInterval(timer);
    child.process.off('message', hear).off('error', reject).off('exit', ended);
  });
}

/** A process's usage from the start of its inspection: its own start-up does not count against the input. */
function usageOf({ pid = 0 }: ChildProcess, budget: InspectionBudget) {
  const memory = `${budget.memoryMiB} MiB of memory`;
  const worked = () => cpuSeconds(pid) ?? performance.now() / 1000;
  let before: { readonly seconds: number; readonly mib: number } | undefined;

  return {
    memory,
    begin() {
      before = { seconds: worked(), mib: residentMiB(pid) ?? 0 };
    },
    /** The exceeded limit, as text; null when there is none. */
    passed(): string | null {
      if (!before) return null;
      if (worked() - before.seconds > budget.cpuSeconds) return `${budget.cpuSeconds} s of CPU`;
      return (residentMiB(pid) ?? 0) - before.mib > budget.memoryMiB ? memory : null;
    },
  };
}

/** Carries out an inspection's reads here; remembers the last read, and the errors of failed ones. */
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
    async answer({
      id,
      file,
      start,
      length,
    }: ProcessMessage & { kind: 'read' }): Promise<Answered> {
      last = `after it had read ${files[file]?.name} from byte ${start} to ${start + length}`;
      try {
        return { id, bytes: await (await open(file)).read(start, length) };
      } catch (error) {
        troubles.set(id, error);
        return { id, bytes: null };
      }
    },
    failure({ name, message, fix, failedRead }: ProcessMessage & { kind: 'failed' }): unknown {
      if (failedRead !== null) return troubles.get(failedRead);
      return name === null ? new Error(message) : new Failure(name, message, { fix });
    },
  };
}

async function opened(file: ArtifactFile | undefined): Promise<ByteSource> {
  if (!file) throw new Error('the inspection asked for a file that is not there');
  return file.open();
}
