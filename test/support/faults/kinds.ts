import { Failure } from '#domain/failure.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { machines } from '../walk/asl.ts';

/**
 * A fault of one call of a port.
 * `late`: it takes longer than its step may; the step is tried again, and the call has its effect after the one that repeats it.
 * `late, taken over`: the execution dies with it, and it has its effect when another has brought the deployment to its end.
 * `stale`: a read gives the answer from before its last change.
 */
export const KINDS = [
  ...(['error before', 'throttled', 'reply lost', 'crash before', 'crash after'] as const),
  ...(['late', 'late, taken over', 'stale', 'twice'] as const),
] as const;

export type Kind = (typeof KINDS)[number];

/** A call, and the world's means to inject a fault into it. */
export type Befallen = {
  readonly method: string;
  readonly state: string;
  readonly call: () => Promise<unknown>;
  /** Returns the answer of a read from before its last change, given the current one. */
  readonly stale: (answer: unknown) => readonly [unknown];
  readonly die: () => void;
  readonly passSeconds: (seconds: number) => void;
  /** Keeps the call for later. */
  readonly putOff: (until: 'it is repeated' | 'the end') => void;
};

const PLATFORM_READS = ['describe', 'drainSeconds', 'revisions', 'logTail'];
const READS: Readonly<Record<string, readonly string[]>> = {
  registry: ['deployment', 'model', 'models', 'versions', 'unended', 'lease', 'events'],
  ...Object.fromEntries(TARGETS.map((target) => [target, PLATFORM_READS])),
  router: ['shares', 'verify', 'models'],
  artifacts: ['describe', 'latest', 'list', 'newest', 'open', 'read'],
  executions: ['isRunning'],
  buildLog: ['tail'],
  builds: ['find'],
  environments: ['missing'],
  metrics: ['traffic', 'alarms'],
  prober: ['send', 'ready'],
  captureKeys: ['open'],
  keptLines: ['days', 'of'],
};

const READ_METHODS = new Set(
  Object.entries(READS).flatMap(([port, names]) => names.map((name) => `${port}.${name}`)),
);

/** True of a call that changes nothing. */
export function isRead(method: string): boolean {
  return READ_METHODS.has(method.startsWith('sweep:') ? method.slice('sweep:'.length) : method);
}

/** Makes the call with the fault. */
export async function befall(kind: Kind, it: Befallen): Promise<unknown> {
  switch (kind) {
    case 'error before':
      throw new Failure('PlatformUnavailable', 'no connection');
    case 'throttled':
      throw new Failure('PlatformThrottled', 'too many calls');
    case 'reply lost':
      await it.call();
      throw new Failure('PlatformUnavailable', 'the connection closed');
    case 'crash before':
      return die(it);
    case 'crash after':
      await it.call().catch(() => {});
      return die(it);
    case 'late':
      it.putOff('it is repeated');
      it.passSeconds(timeoutSeconds(it.state));
      throw timedOut(it.state);
    case 'late, taken over':
      it.putOff('the end');
      return die(it);
    case 'stale':
      return it.stale(await it.call())[0];
    case 'twice':
      await it.call().catch(() => {});
      return it.call();
  }
}

function die({ die }: Befallen): Promise<never> {
  die();
  // A new promise each time: everything that waits for it goes with its world.
  return new Promise(() => {});
}

function timeoutSeconds(state: string): number {
  const [found] = Object.values(machines).flatMap(({ states }) => states[state] ?? []);
  return found?.TimeoutSeconds ?? 60;
}

/** The error of a function that was cut short, by Lambda's name. */
function timedOut(state: string): Error {
  const error = new Error(`${state} was cut short`);
  error.name = 'Sandbox.Timedout';
  return error;
}
