import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../clock/eventually.ts';
import type { Seen } from './load.ts';
import { monotonicMs } from './monotonic.ts';
import { type CutoverTarget, type CutoverWorld, cutoverWorld, type Version } from './world.ts';

export type Wish = {
  /** The least number of requests; the load goes on until the last cutover is done. */
  readonly requests: number;
  /** Requests begun a second. */
  readonly rate: number;
  readonly cutovers: number;
  /** The cutovers that go a tenth of the way and back; between targets, which cannot share the traffic, all of it. */
  readonly rolledBack: number;
  readonly target: CutoverTarget;
};

/** A span of time, and the versions that had a share in it. */
export type Span = { readonly fromMs: number; readonly toMs: number };
type Held = Span & { readonly versions: readonly Version[] };

export type Run = {
  readonly seen: readonly Seen[];
  /** The moments at which shares changed. */
  readonly shiftsMs: readonly number[];
  /** The spans from the start of a version until the other one has stopped. */
  readonly moves: readonly Span[];
  readonly held: readonly Held[];
};

/** Moves two models between their versions again and again under load, and returns every client's answers. */
export async function runCutovers(wish: Wish): Promise<Run> {
  const world = await cutoverWorld(wish.target);
  await world.start(1);
  await world.shift([1], []);
  const load = startLoad(world.origin, wish.rate);
  try {
    const run = await moveAll(world, load, wish);
    await eventually(() => load.seen.length >= wish.requests);
    await load.stop();
    return { ...run, seen: load.seen };
  } finally {
    load.child.kill();
    await world.close();
  }
}

type Load = ReturnType<typeof startLoad>;

async function moveAll(world: CutoverWorld, load: Load, wish: Wish): Promise<Omit<Run, 'seen'>> {
  const shiftsMs: number[] = [];
  const moves: Span[] = [];
  const held: Held[] = [];
  let versions: readonly Version[] = [1];
  let sinceMs = monotonicMs();

  const shift = async (next: readonly Version[]) => {
    const atMs = monotonicMs();
    await world.shift(next, versions);
    held.push({ fromMs: sinceMs, toMs: monotonicMs(), versions });
    shiftsMs.push(atMs);
    [versions, sinceMs] = [next, atMs];
  };
  const move = async (isRolledBack: boolean) => {
    const [from = 1] = versions;
    const to: Version = from === 1 ? 2 : 1;
    const fromMs = monotonicMs();
    await world.start(to);
    await shift(isRolledBack && wish.target !== 'both' ? [from, to] : [to]);
    if (isRolledBack) await load.more(20);
    if (isRolledBack) await shift([from]);
    await world.retire(isRolledBack ? to : from);
    moves.push({ fromMs, toMs: monotonicMs() });
  };

  const plan = order(wish);
  for (const [index, isRolledBack] of plan.entries()) {
    await load.atLeast(((index + 1) * wish.requests) / (plan.length + 1));
    await move(isRolledBack);
  }
  held.push({ fromMs: sinceMs, toMs: Number.POSITIVE_INFINITY, versions });
  return { shiftsMs, moves, held };
}

/** The cutovers that are rolled back lie between the others. */
function order({ cutovers, rolledBack }: Wish): readonly boolean[] {
  const total = cutovers + rolledBack;
  return Array.from(
    { length: total },
    (_, index) =>
      Math.floor(((index + 1) * rolledBack) / total) > Math.floor((index * rolledBack) / total),
  );
}

/** Starts the clients in a separate process. */
function startLoad(origin: string, rate: number) {
  const child: ChildProcess = fork(new URL('./load.ts', import.meta.url), [origin, String(rate)]);
  const seen: Seen[] = [];
  child.on('message', (more: readonly Seen[]) => seen.push(...more));
  const atLeast = (count: number) => eventually(() => seen.length >= count);
  return {
    child,
    seen,
    atLeast,
    more: (count: number) => atLeast(seen.length + count),
    async stop() {
      const exited = once(child, 'exit');
      child.send('stop');
      await exited;
    },
  };
}
