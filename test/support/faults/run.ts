import { sweep } from '#steps/sweep.ts';
import { BUCKET, idOf, type MemoryWorld, type Start } from '../worlds/memory.ts';
import { revisionSpec } from '../worlds/revision-spec.ts';
import { GRACES, NO_IMAGES, NOTHING, PERIOD_MS } from '../worlds/swept.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../worlds/virtual-workflow.ts';
import { type Digest, digestOf } from './digest.ts';
import { type Call, type Faulted, faulted } from './faulted.ts';
import { type History, recorder } from './history.ts';
import type { Kind } from './kinds.ts';
import { meterOf } from './meter.ts';
import { type FaultScenario, plainManifestOf } from './scenarios.ts';
import { type Tap, tapped } from './tapped.ts';

export type FaultOptions = {
  /** The faults, by the places of the calls that they hit. */
  readonly faults?: ReadonlyMap<number, Kind>;
  /** Whether the end of an execution is heard of, as on AWS by its status event, or only the sweep finds it. */
  readonly isHeard?: boolean;
  /** Changes the world's steps before the run. */
  readonly spoil?: (world: VirtualWorkflow) => void;
  /** Around each call that reaches a port, after every fault; given the world. */
  readonly within?: (world: VirtualWorkflow) => Tap;
};

export type FaultRun = {
  readonly scenario: FaultScenario;
  readonly calls: readonly Call[];
  readonly fired: Faulted['fired'];
  readonly history: History;
  readonly told: Awaited<ReturnType<MemoryWorld['told']>>;
  readonly digest: Digest;
  /** The world after the same request is made once more, and after the next upload. */
  readonly repeated: Digest;
  readonly next: Digest;
  /** The world after a rollback of that. */
  readonly back: Digest;
  /** Whether the revision that others made on the same target still exists. */
  readonly isForeignLeft: boolean;
  readonly unended: readonly string[];
  /** The number of sweeps until there was nothing left to do, and whether that point came. */
  readonly sweeps: number;
  readonly isQuiet: boolean;
  readonly tookMs: number;
  /** The steps of the longest deployment, and the largest payload (bytes). */
  readonly longest: number;
  readonly payloadBytes: number;
};

const FOREIGN = revisionSpec('1', { model: 'strange' });
// A sweep in the next hour repeats requests of an earlier sweep that died before they began.
const QUIET_SWEEPS = { single: 2, more: 6 } as const;
const MOST_SWEEPS = 20;
const MINUTE_MS = 60_000;

/** Runs a scenario with faults in its calls, and then the healing, until a sweep finds nothing to do. */
export async function faultRun(
  scenario: FaultScenario,
  options: FaultOptions = {},
): Promise<FaultRun> {
  const { faults = new Map(), isHeard = true, spoil, within } = options;
  const own = { engine: 'image', pendingMs: 1500, spreadMs: 1500 } as const;
  const world = virtualWorkflow({ ...own, ...scenario.world });
  const start = await scenario.prepare(world);
  await world.platforms[scenario.target].create(FOREIGN, 1);
  spoil?.(world);
  const meter = meterOf(world);
  const inner = within?.(world);
  const record = recorder(world, inner);
  const fault = faulted(world, record.around, faults);
  const startedAtMs = world.clock.now();
  await record.look('start');
  world.tap(fault.tap);

  const end = await world.execute(start);
  if (isHeard) await world.settle(end);
  await fault.land();
  const quietSweeps = QUIET_SWEEPS[faults.size > 1 ? 'more' : 'single'];
  const healed = await heal(world, fault, start, quietSweeps);
  world.clock.advance(MINUTE_MS);
  await record.look('end');
  const { moments, changes, probes } = record;
  const seen = {
    scenario,
    calls: fault.calls,
    fired: fault.fired,
    ...healed,
    ...meter(),
    history: { moments: [...moments], changes: [...changes], probes: [...probes] },
    told: await world.told(),
    digest: await digestOf(world),
    unended: (await world.registry.unended()).map(({ id, phase }) => `${id} is ${phase}`),
    tookMs: world.clock.now() - startedAtMs,
  };

  // Only the digests are judged from here on.
  world.tap(inner ?? ((_, call) => call()));
  world.builds.fail([]);
  await world.run(start);
  const repeated = await digestOf(world);
  await world.run(world.upload(plainManifestOf(scenario.target)));
  world.clock.advance(MINUTE_MS);
  const next = await digestOf(world);
  await world.run(world.rollback());
  world.clock.advance(MINUTE_MS);
  const isForeignLeft = world.existing().includes(FOREIGN.revision);
  return { ...seen, repeated, next, back: await digestOf(world), isForeignLeft };
}

/** Sweeps until there is nothing left to do; a request that was lost before it was admitted is made again, as a caller would. */
async function heal(world: VirtualWorkflow, fault: Faulted, start: Start, quietSweeps: number) {
  const run = sweepOf(world, fault.tap);
  let quiet = 0;
  let sweeps = 0;
  while (quiet < quietSweeps && sweeps < MOST_SWEEPS) {
    sweeps += 1;
    world.clock.advance(PERIOD_MS);
    // Before it begins, as it may die at its first call.
    const died = fault.died();
    const swept = await Promise.race([run().catch(() => undefined), died]);
    await world.startedEnds();
    quiet = JSON.stringify(swept) === JSON.stringify(NOTHING) ? quiet + 1 : 0;
    if (quiet > 0 && !(await isKnown(world, start))) {
      quiet = 0;
      await world.execute(start);
    }
  }
  return { sweeps: sweeps - quiet, isQuiet: quiet === quietSweeps };
}

function sweepOf(world: VirtualWorkflow, tap: Tap) {
  const { registry, store: artifacts, router, platforms, clock } = world;
  const { executions, offered } = world.deps;
  const ports = tapped({ registry, artifacts, router, ...platforms }, (method, call, asked) =>
    tap(`sweep:${method}`, call, asked),
  );
  const { lambda, fargate, ec2, ...rest } = ports;
  const deps = { ...rest, platforms: { lambda, fargate, ec2 }, executions, clock, offered };
  return sweep({ ...deps, bucket: BUCKET, ...GRACES, ...NO_IMAGES });
}

async function isKnown({ registry }: VirtualWorkflow, start: Start): Promise<boolean> {
  const id = 'detail' in start ? await idOf(start) : start.deploymentId;
  return (await registry.deployment(id)) !== undefined;
}
