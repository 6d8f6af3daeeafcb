import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '#ports/clock.ts';
import { type Instance, instanceOf } from './instance.ts';
import { type InvocationRefusal, type InvocationSlot, refuse } from './invocation.ts';
import type { ModelServer, Start } from './model-server.ts';
import { blame } from './revision.ts';

export type InstanceLimits = {
  /** How many instances of one revision serve at once. */
  readonly maxInstances: number;
  readonly idleSeconds: number;
  readonly requestTimeoutMs: number;
};

export type InstancePool = {
  /** A free instance, else one that is starting for nobody or gets free within 50 ms, else a new one; at the limit a refusal. */
  invoke(signal: AbortSignal): Promise<InvocationSlot | InvocationRefusal>;
  /** Starts an instance that is nobody's yet. */
  warm(): Promise<Start>;
  inFlight(): number;
  /** Ends each instance once its request has ended; those that are started later are not concerned. */
  retire(): Promise<void>;
  /** Ends the instances that have been idle for too long. */
  reap(): Promise<void>;
  /** Ends all instances, busy or not, and starts no more. */
  close(): Promise<void>;
};

type Deps = {
  readonly launch: () => ModelServer;
  readonly clock: Clock;
  readonly limits: InstanceLimits;
};

type Outcome = Parameters<InvocationSlot['release']>[0];

// A short request ends sooner than another process starts, which takes a few hundred milliseconds of the machine's time.
const SCALE_OUT_MS = 50;

/** The instances of one revision, kept as Lambda keeps them: started on demand, one request at a time each, stopped when idle. */
export function instancePool(revision: string, { launch, clock, limits }: Deps): InstancePool {
  const instances = new Set<Instance>();
  let isClosed = false;
  let freed = Promise.withResolvers<void>();

  const serving = () => [...instances].filter((instance) => instance.isServing());
  const all = async (end: (instance: Instance) => Promise<void>, chosen: Iterable<Instance>) => {
    await Promise.all([...chosen].map(end));
  };

  function add(): Instance {
    const instance = instanceOf(launch(), { clock, ...limits });
    instances.add(instance);
    void instance.ended.then(() => instances.delete(instance));
    return instance;
  }

  function takeFree(): Instance | undefined {
    const free = serving().filter((instance) => !instance.isTaken());
    const instance = free.find((candidate) => candidate.isReady()) ?? free[0];
    instance?.take();
    return instance;
  }

  /** Waits for one of the instances that serve to become free. */
  async function takeFreed(): Promise<Instance | undefined> {
    const endMs = performance.now() + SCALE_OUT_MS;
    while (serving().some((instance) => instance.isReady())) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return undefined;
      await Promise.race([freed.promise, sleep(leftMs)]);
      const instance = takeFree();
      if (instance) return instance;
    }
    return undefined;
  }

  function takeNew(): Instance | undefined {
    if (isClosed || serving().length >= limits.maxInstances) return undefined;
    const instance = add();
    instance.take();
    return instance;
  }

  function giveBack(instance: Instance, outcome: Outcome): void {
    instance.giveBack(outcome);
    freed.resolve();
    freed = Promise.withResolvers();
  }

  function isOverdue(instance: Instance): boolean {
    const sinceMs = instance.idleSinceMs();
    return sinceMs !== undefined && clock.now() - sinceMs >= limits.idleSeconds * 1000;
  }

  return {
    async invoke(signal) {
      const instance = takeFree() ?? (await takeFreed()) ?? takeNew();
      if (instance) {
        return whenStarted(revision, instance, signal, (outcome) => giveBack(instance, outcome));
      }
      return isClosed
        ? refuse(503, `${revision} is stopped`)
        : refuse(429, `${revision} runs ${limits.maxInstances} requests at once, its limit`);
    },
    warm: () => add().started,
    inFlight: () => [...instances].filter((instance) => instance.isTaken()).length,
    retire: () => all((instance) => instance.leave(), instances),
    reap: () => all((instance) => instance.leave(), serving().filter(isOverdue)),
    async close() {
      isClosed = true;
      await all((instance) => instance.stop(), instances);
    },
  };
}

async function whenStarted(
  revision: string,
  instance: Instance,
  signal: AbortSignal,
  release: (outcome: Outcome) => void,
): Promise<InvocationSlot | InvocationRefusal> {
  const start = await Promise.race([instance.started, whenAborted(signal)]);
  switch (start.kind) {
    case 'ready':
      return slot(revision, instance, start.origin, release);
    case 'aborted':
      release('aborted');
      return refuse(504, `${revision} was not ready in the time of the request`);
    case 'late':
      return refuse(504, blame(revision, start.reason));
    case 'died':
      return refuse(502, blame(revision, start.reason));
  }
}

function slot(
  revision: string,
  instance: Instance,
  origin: string,
  release: (outcome: Outcome) => void,
): InvocationSlot {
  return {
    kind: 'slot',
    origin,
    release,
    diagnosis() {
      const reason = instance.diagnosis();
      return reason && blame(revision, reason);
    },
  };
}

function whenAborted(signal: AbortSignal): Promise<{ readonly kind: 'aborted' }> {
  return new Promise((resolve) => {
    const abort = () => resolve({ kind: 'aborted' });
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
