import type { Artifact, Shares } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import { TARGETS } from '#domain/placement/target.ts';
import { isSameShares } from '#domain/rollout/shares.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import { type MemoryWorld, MODEL } from '../worlds/memory.ts';
import { isRead } from './kinds.ts';
import { type Moment, momentOf } from './moment.ts';
import type { Tap } from './tapped.ts';

/** One change of a platform or of the router, as it was asked for. */
export type Change = {
  readonly atMs: number;
  readonly port: string;
  readonly method: string;
  /** The revision; of the router the model. */
  readonly subject: string;
  readonly epoch: number;
  readonly served: Shares;
  readonly isDone: boolean;
  readonly isSwept: boolean;
  /** Whether requests to it were still in flight. */
  readonly isDraining: boolean;
  /** The artifact from which a new revision is made. */
  readonly artifact: Artifact | undefined;
  /** The deployment that it belongs to. */
  readonly madeBy: string | undefined;
};

/** One probe through the endpoint that clients call. */
export type RouteProbe = {
  readonly atMs: number;
  readonly answer: ProbeAnswer;
  readonly served: Shares;
  readonly isLive: boolean;
};

export type History = {
  readonly moments: readonly Moment[];
  readonly changes: readonly Change[];
  readonly probes: readonly RouteProbe[];
};

export type Recorder = History & {
  /** Around each call that reaches a port. */
  readonly around: Tap;
  /** Writes the present moment down. */
  look(after: string): Promise<void>;
};

/** Records a world's history: a moment after each change, and before a call if clients get something else since. */
export function recorder(world: MemoryWorld, within: Tap = (_, call) => call()): Recorder {
  const moments: Moment[] = [];
  const changes: Change[] = [];
  const probes: RouteProbe[] = [];

  async function look(after: string): Promise<void> {
    moments.push(await momentOf(world, after));
  }

  async function change(method: string, asked: readonly unknown[], call: () => Promise<unknown>) {
    const { atMs, served } = { atMs: world.clock.now(), served: world.router.dataPlane(MODEL) };
    const made = changeOf(method, asked);
    const isDraining = made !== undefined && (await drains(world, made));
    const write = (isDone: boolean) =>
      made && changes.push({ atMs, served, isDone, isDraining, ...made });
    try {
      const answer = await call();
      write(true);
      return answer;
    } catch (error) {
      // Anything but a refusal may have had its effect.
      write(failureName(error) === undefined);
      throw error;
    } finally {
      await look(method);
    }
  }

  async function probe(served: Shares, call: () => Promise<unknown>) {
    const answer = (await call()) as ProbeAnswer;
    const isLive = moments.at(-1)?.live !== null;
    probes.push({ atMs: world.clock.now(), served, answer, isLive });
    return answer;
  }

  return {
    moments,
    changes,
    probes,
    look,
    async around(method, made, asked) {
      const call = () => within(method, made, asked);
      const served = world.router.dataPlane(MODEL);
      const before = moments.at(-1)?.served ?? {};
      if (served !== before && !isSameShares(served, before)) await look('time');
      if (!isRead(method)) return change(method, asked, call);
      const isRoute = method.startsWith('prober.') && asked[0] === world.router.route(MODEL);
      return isRoute ? probe(served, call) : call();
    },
  };
}

async function drains({ platforms }: MemoryWorld, { port, subject }: Made): Promise<boolean> {
  const platform = TARGETS.find((target) => target === port);
  return platform !== undefined && (await platforms[platform].drainSeconds(subject)) > 0;
}

type Made = NonNullable<ReturnType<typeof changeOf>>;

function changeOf(method: string, asked: readonly unknown[]) {
  const isSwept = method.startsWith('sweep:');
  const [port = '', name = ''] = method.replace(/^sweep:/, '').split('.');
  if (port !== 'router' && !TARGETS.some((target) => target === port)) return undefined;
  if (name === 'forget') return undefined;
  const [first] = asked;
  const spec = name === 'create' ? (first as RevisionSpec) : undefined;
  const subject = spec?.revision ?? String(first);
  const epoch = Number(asked.at(-1));
  return { port, method: name, subject, epoch, isSwept, ...partsOf(spec) };
}

const partsOf = (spec: RevisionSpec | undefined) => ({
  artifact: spec?.artifact,
  madeBy: spec?.deploymentId,
});
