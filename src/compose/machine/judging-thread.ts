import { getCompileCacheDir } from 'node:module';
import { constants, getPriority, platform, setPriority } from 'node:os';
import { dirname } from 'node:path';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { keptRequests } from '#adapters/capture/kept-requests.ts';
import { type ClockReading, continuedClock, readingOf, systemClock } from '#adapters/clocks.ts';
import { folderCaptureKeys } from '#adapters/local/capture/folder-capture-keys.ts';
import { folderKeptLines } from '#adapters/local/capture/folder-kept-lines.ts';
import type { Gateway } from '#adapters/local/gateway/gateway.ts';
import { httpProber } from '#adapters/local/gateway/http-prober.ts';
import { lullBeside } from '#adapters/local/gateway/lull.ts';
import { ADDRESSES } from '#adapters/local/gateway/place.ts';
import type { StepInput } from '#domain/workflow.ts';
import { workflow } from '#domain/workflow.ts';
import type { ArtifactRef, ArtifactStore, ByteSource } from '#ports/artifact-store.ts';
import { APART, type Comparing } from '#ports/comparing.ts';
import type { Metrics } from '#ports/metrics.ts';
import type { Registry } from '#ports/registry.ts';
import type { Router } from '#ports/router.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { judgeBake } from '#steps/judge-bake.ts';
import type { StepPorts } from '../step-ports.ts';
import { parsed, type StepHandler } from '../steps.ts';
import {
  type Answer,
  type Call,
  carryOut,
  type Outcome,
  outcomeOf,
  post,
  remotePorts,
  resultOf,
} from './remote-ports.ts';

const { PRIORITY_BELOW_NORMAL } = constants.priority;
const MARK = 'slipway-judging';
/** So long (ms) a thread is kept for the next step: a bake looks again and again, and a thread takes 0.2 s to start. */
const KEPT_MS = 60_000;
/** A thread takes some 50 MiB, and there are as many bakes at once as models were dropped. */
const MOST_THREADS = 2;

type StepName = 'CompareAnswers' | 'JudgeBake';
type Task = { readonly step: StepName; readonly input: unknown; readonly clock: ClockReading };
type Done = { readonly done: Outcome };

/** The gateway of the machine, and the folder of its kept requests. */
type Place = {
  readonly gateway: Pick<Gateway, 'origin' | 'probeMark' | 'clientCounts'>;
  readonly captureFolder: string;
};

type Machine = Place & {
  readonly ports: Pick<
    StepPorts,
    'registry' | 'artifacts' | 'metrics' | 'clock' | 'comparing' | 'requireApproval'
  >;
  readonly environment: NodeJS.ProcessEnv;
  /** The same steps on the thread of the gateway. */
  readonly here: Readonly<Record<StepName, StepHandler>>;
};

/** All that a thread is given at its start. */
type Given = Place & Pick<StepPorts, 'requireApproval'> & Pick<Comparing, 'atOnce'>;

export type JudgingThreads = Readonly<Record<StepName, StepHandler>> & {
  /** Ends all threads; a step that still runs in one fails. */
  stop(): Promise<void>;
};

/**
 * The steps that judge answers, each on a thread of its own, and those beyond two at once on this one. A thread opens kept requests, asks both versions and compares their answers beside the gateway, whose thread this is.
 * Only what the machine has once is called here: the registry, the bucket, the metrics and the count of clients' requests. A step whose thread ends before it fails.
 */
export function judgingThreads({
  ports,
  gateway,
  captureFolder,
  environment,
  here,
}: Machine): JudgingThreads {
  const { origin, probeMark, clientCounts } = gateway;
  const given: Given = {
    // It has functions too, which no thread can be given.
    gateway: { origin, probeMark, clientCounts },
    captureFolder,
    requireApproval: ports.requireApproval,
    atOnce: ports.comparing.atOnce,
  };
  const running = new Set<Worker>();
  let spare: Worker | undefined;
  let ending: NodeJS.Timeout | undefined;

  function start(): Worker {
    // The thread runs this module, or its bundle, once more.
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { mark: MARK, ...given },
      env: compiledBefore(environment),
    });
    running.add(worker);
    worker.once('exit', () => {
      running.delete(worker);
      if (spare !== worker) return;
      spare = undefined;
      clearTimeout(ending);
    });
    // Without a listener an error of the spare thread would end this process.
    return worker.on('error', () => undefined);
  }

  const isFull = () => !spare && running.size >= MOST_THREADS;

  function take(): Worker {
    const worker = spare ?? start();
    spare = undefined;
    clearTimeout(ending);
    worker.ref();
    return worker;
  }

  function keep(worker: Worker): void {
    if (spare) return void worker.terminate();
    spare = worker;
    worker.unref();
    ending = setTimeout(() => void take().terminate(), KEPT_MS).unref();
  }

  async function run(step: StepName, input: unknown): Promise<unknown> {
    if (isFull()) return here[step](input);
    const worker = take();
    const task = { step, input, clock: readingOf(ports.clock) };
    const outcome = await doneBy(worker, task, ports).catch(async (error: unknown) => {
      await worker.terminate();
      throw error;
    });
    // A step that failed may have calls left that nobody waits for. They end with its thread, or the next step would carry them out.
    if ('error' in outcome) await worker.terminate();
    else keep(worker);
    return resultOf(outcome);
  }

  return {
    CompareAnswers: parsed(workflow.CompareAnswers.input, (input) => run('CompareAnswers', input)),
    JudgeBake: parsed(workflow.JudgeBake.input, (input) => run('JudgeBake', input)),
    async stop() {
      await Promise.all([...running].map((worker) => worker.terminate()));
    },
  };
}

/** A thread looks for compiled code where this process keeps it only if its environment says so, and compiles for half a second otherwise. */
function compiledBefore(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir();
  return folder ? { ...environment, NODE_COMPILE_CACHE: dirname(folder) } : environment;
}

/** Resolves with the outcome of the task, whose calls are carried out here. Rejects when the thread ends before. */
async function doneBy(
  worker: Worker,
  task: Task,
  { registry, metrics, comparing, artifacts }: Machine['ports'],
): Promise<Outcome> {
  const served = { registry, metrics, comparing, artifacts: opened(artifacts) };
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const hear = async (said: Call | Done) => {
    if ('done' in said) return resolve(said.done);
    const outcome = await carryOut(served, said);
    post(outcome, (each) => worker.postMessage({ answered: said.call, outcome: each }));
  };
  const end = (code: number) => reject(new Error(`the thread of ${task.step} ended with ${code}`));
  worker.on('message', hear).on('messageerror', reject).on('error', reject).on('exit', end);
  worker.postMessage(task);
  try {
    return await promise;
  } finally {
    worker.off('message', hear).off('messageerror', reject).off('error', reject).off('exit', end);
  }
}

/** Versions that are opened here and read from another thread, by their number. */
function opened(artifacts: Pick<ArtifactStore, 'open'>) {
  const sources: ByteSource[] = [];
  return {
    async open(ref: ArtifactRef) {
      const source = await artifacts.open(ref);
      return { source: sources.push(source) - 1, sizeBytes: source.sizeBytes };
    },
    async read(source: number, start: number, length: number) {
      return sources[source]?.read(start, length);
    },
  };
}

type Opened = Awaited<ReturnType<ReturnType<typeof opened>['open']>>;

/** Runs the steps of this thread, one at a time. */
function runSteps({ gateway, captureFolder, requireApproval, atOnce }: Given): void {
  // On other systems the priority is that of the whole process. https://man7.org/linux/man-pages/man2/setpriority.2.html
  if (platform() === 'linux') setPriority(Math.max(getPriority(), PRIORITY_BELOW_NORMAL));
  const say = (said: Call | Done) => parentPort?.postMessage(said);
  const remote = remotePorts(say);
  const store = remote.port<ReturnType<typeof opened>>('artifacts');
  let reading = readingOf(systemClock);
  const clock = continuedClock(() => reading);
  const deps = {
    clock,
    requireApproval,
    registry: remote.port<Registry>('registry'),
    metrics: remote.port<Metrics>('metrics'),
    router: remote.port<Router>('router', ADDRESSES),
    artifacts: remote.port<ArtifactStore>('artifacts', {
      open: async (ref) => readHere(await store.open(ref), store),
    }),
    prober: httpProber(gateway),
    keptRequests: keptRequests({
      lines: folderKeptLines(captureFolder),
      keys: folderCaptureKeys(captureFolder),
      clock,
    }),
    comparing: {
      ...APART,
      atOnce,
      giveWay: lullBeside(
        { counts: gateway.clientCounts, within: remote.port<Comparing>('comparing').giveWay },
        clock.monotonicMs,
      ),
    },
  };
  const steps = { CompareAnswers: compareAnswers(deps), JudgeBake: judgeBake(deps) };

  const run = async ({ step, input, ...task }: Task) => {
    reading = task.clock;
    const outcome = await outcomeOf(() => steps[step](input as StepInput<StepName>));
    post(outcome, (done) => say({ done }));
  };
  parentPort?.on('message', (said: Task | Answer) => {
    if ('answered' in said) remote.heard(said);
    else void run(said);
  });
}

function readHere({ source, sizeBytes }: Opened, store: ReturnType<typeof opened>): ByteSource {
  return {
    sizeBytes,
    async read(start, length) {
      const bytes = await store.read(source, start, length);
      if (!bytes) throw new Error(`source ${source} was not opened`);
      return bytes;
    },
  };
}

if (workerData?.mark === MARK) runSteps(workerData);
