import type { Deployment, ModelVersion, Shares } from '#domain/deployment.ts';
import { failureName } from '#domain/failure.ts';
import { isSameShares } from '#domain/shares.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import type { ProbeAnswer } from '#ports/prober.ts';
import type { Lease } from '#ports/registry.ts';
import { isRead } from './fault-kinds.ts';
import { type MemoryWorld, MODEL } from './memory-world.ts';
import type { Tap } from './tapped.ts';

/** The whole of a world between two changes of it. */
export type Moment = {
  readonly atMs: number;
  /** The call that led to it. */
  readonly after: string;
  /** What clients get, and what the router was told. */
  readonly served: Shares;
  readonly told: Shares;
  /** The revisions that would answer, and all that there are. */
  readonly serving: readonly string[];
  readonly existing: readonly string[];
  readonly live: ModelVersion | null;
  readonly lease: Lease | undefined;
  readonly deployments: readonly Deployment[];
  readonly events: number;
};

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

const PLATFORMS = ['lambda', 'fargate', 'ec2'];

/** Writes down what a world goes through: a moment after each change, and before a call where clients get something else since. */
export function recorder(world: MemoryWorld): Recorder {
  const moments: Moment[] = [];
  const changes: Change[] = [];
  const probes: RouteProbe[] = [];
  const ids = new Set<string>();

  async function look(after: string): Promise<void> {
    moments.push(await momentOf(world, after, ids));
  }

  async function change(method: string, asked: readonly unknown[], call: () => Promise<unknown>) {
    const { atMs, served } = { atMs: world.clock.now(), served: world.router.dataPlane(MODEL) };
    const made = changeOf(method, asked);
    const write = (isDone: boolean) => made && changes.push({ atMs, served, isDone, ...made });
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

  return {
    ...{ moments, changes, probes, look },
    async around(method, call, asked) {
      const known = (asked[0] as { deploymentId?: string } | undefined)?.deploymentId;
      if (method.startsWith('registry.') && known) ids.add(known);
      const served = world.router.dataPlane(MODEL);
      if (!isSameShares(served, moments.at(-1)?.served ?? {})) await look('time');
      if (!isRead(method)) return change(method, asked, call);
      const answer = await call();
      if (method.startsWith('prober.') && asked[0] === world.router.route(MODEL)) {
        const { live } = moments.at(-1)!;
        const atMs = world.clock.now();
        probes.push({ atMs, served, answer: answer as ProbeAnswer, isLive: live !== null });
      }
      return answer;
    },
  };
}

async function momentOf(
  { registry, router, platforms, clock, existing }: MemoryWorld,
  after: string,
  ids: ReadonlySet<string>,
): Promise<Moment> {
  const serving: string[] = [];
  for (const platform of Object.values(platforms)) {
    for (const revision of platform.existing()) {
      const { kind } = await platform.describe(revision, { waitMs: 0 });
      if (kind === 'ready') serving.push(revision);
    }
  }
  const deployments = await Promise.all([...ids].map((id) => registry.deployment(id)));
  const { events } = await registry.events({ after: '', limit: 10_000 });
  return {
    ...{ atMs: clock.now(), after, serving, existing: existing() },
    served: router.dataPlane(MODEL),
    told: await router.shares(MODEL),
    live: (await registry.model(MODEL))?.live ?? null,
    lease: await registry.lease(MODEL),
    deployments: deployments.filter((it) => it !== undefined),
    events: events.length,
  };
}

function changeOf(method: string, asked: readonly unknown[]) {
  const [port = '', name = ''] = method.replace(/^sweep:/, '').split('.');
  if (port !== 'router' && !PLATFORMS.includes(port)) return undefined;
  if (name === 'forget') return undefined;
  const [first] = asked;
  const subject = name === 'create' ? (first as RevisionSpec).revision : String(first);
  return { port, method: name, subject, epoch: Number(asked.at(-1)) };
}
