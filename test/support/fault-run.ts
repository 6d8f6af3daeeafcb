import { sweep } from '#steps/sweep.ts';
import { endings } from './complaints.ts';
import type { Kind } from './fault-kinds.ts';
import { type FaultScenario, manifestOf } from './fault-scenarios.ts';
import { type Call, type Faulted, faulted } from './faulted.ts';
import { type History, type Recorder, recorder } from './history.ts';
import { BUCKET, idOf, type MemoryWorld, MODEL, type Start } from './memory-world.ts';
import { GRACES, NOTHING, PERIOD_MS } from './swept-world.ts';
import { tapped } from './tapped.ts';
import { type VirtualWorkflow, virtualWorkflow } from './virtual-workflow.ts';

/** A world as it was left, in what must not depend on what befell it on the way. */
export type Digest = {
  readonly live: string | null;
  readonly told: object;
  readonly served: object;
  readonly existing: readonly string[];
  readonly running: readonly string[];
  readonly versions: readonly string[];
  readonly ends: readonly string[];
};

export type FaultRun = {
  readonly scenario: FaultScenario;
  readonly calls: readonly Call[];
  readonly fired: Faulted['fired'];
  readonly history: History;
  readonly told: Awaited<ReturnType<MemoryWorld['told']>>;
  readonly digest: Digest;
  /** What it was after the same was asked for once more, and after the next upload. */
  readonly repeated: Digest;
  readonly next: Digest;
  readonly unended: readonly string[];
  readonly sweeps: number;
  readonly isQuiet: boolean;
  readonly tookMs: number;
  /** The states that the longest execution went through, and the largest payload (bytes). */
  readonly longest: number;
  readonly payloadBytes: number;
};

/** The end of an execution is heard of, as on AWS by its status event; or only the sweep finds it. */
export type Hearing = 'told' | 'untold';

const MOST_SWEEPS = 8;

/** Runs a scenario in which faults befall calls, and what heals it, until a sweep finds nothing to do. */
export async function faultRun(
  scenario: FaultScenario,
  faults: ReadonlyMap<number, Kind>,
  hearing: Hearing = 'told',
  spoil: (world: VirtualWorkflow) => void = () => {},
): Promise<FaultRun> {
  const world = virtualWorkflow({ engine: 'image', pendingMs: 1500, spreadMs: 1500 });
  const start = await scenario.prepare(world);
  spoil(world);
  const meter = metered(world);
  const record = recorder(world);
  const fault = faulted(world, record, faults);
  const startedAtMs = world.clock.now();
  await record.look('start');
  world.tap(fault.tap);

  const end = await world.execute(start);
  if (hearing === 'told') await world.settle(end);
  await fault.land();
  const { sweeps, isQuiet } = await heal(world, fault, start);
  world.clock.advance(60_000);
  await record.look('end');
  const history = { ...pick(record), probes: [...record.probes] };
  const told = await world.told();
  const tookMs = world.clock.now() - startedAtMs;
  const digest = await digestOf(world);
  const unended = (await world.registry.unended()).map(({ id, phase }) => `${id} is ${phase}`);

  world.tap((_, call) => call());
  await world.run(start);
  const repeated = await digestOf(world);
  await world.run(world.upload(manifestOf(scenario.target)));
  world.clock.advance(60_000);
  const next = await digestOf(world);
  return {
    ...{ scenario, calls: fault.calls, fired: fault.fired, history, told, digest, repeated, next },
    ...{ unended, sweeps, isQuiet, tookMs, ...meter },
  };
}

const pick = ({ moments, changes }: Recorder) => ({
  moments: [...moments],
  changes: [...changes],
});

/** Sweeps until there is nothing left to do; one whose request was lost before it was admitted asks again, as a caller does. */
async function heal(world: VirtualWorkflow, fault: Faulted, start: Start) {
  const { registry, router, platforms, executions, artifacts, clock, offered } = world.deps;
  const { lambda, fargate, ec2 } = platforms;
  const ports = tapped(
    { registry: world.registry, artifacts: world.store, router: world.router, ...world.platforms },
    (method, call, asked) => fault.tap(`sweep:${method}`, call, asked),
  );
  void [registry, router, artifacts, lambda, fargate, ec2];
  const run = sweep({
    ...{ registry: ports.registry, artifacts: ports.artifacts, router: ports.router },
    platforms: { lambda: ports.lambda, fargate: ports.fargate, ec2: ports.ec2 },
    ...{ executions, clock, offered, bucket: BUCKET, ...GRACES },
  });
  let quiet = 0;
  let sweeps = 0;
  while (quiet < 2 && sweeps < MOST_SWEEPS) {
    sweeps += 1;
    clock.advance(PERIOD_MS);
    const swept = await Promise.race([run().catch(() => undefined), fault.died()]);
    await world.startedEnds();
    const isQuiet = JSON.stringify(swept) === JSON.stringify(NOTHING);
    quiet = isQuiet ? quiet + 1 : 0;
    if (isQuiet && !(await isKnown(world, start))) {
      quiet = 0;
      await world.execute(start);
    }
  }
  return { sweeps: sweeps - quiet, isQuiet: quiet === 2 };
}

async function isKnown({ registry }: VirtualWorkflow, start: Start): Promise<boolean> {
  const id = 'detail' in start ? await idOf(start) : start.deploymentId;
  return (await registry.deployment(id)) !== undefined;
}

async function digestOf(world: VirtualWorkflow): Promise<Digest> {
  const { registry, router } = world;
  const versions = await registry.versions(MODEL);
  return {
    live: (await registry.model(MODEL))?.live?.revision ?? null,
    told: await router.shares(MODEL),
    served: router.dataPlane(MODEL),
    existing: world.existing().toSorted(),
    running: world.running().toSorted(),
    versions: versions.map(({ version, state }) => `${version} ${state}`),
    ends: endings(await world.told()),
  };
}

/** Measures what steps are given and answer, and counts the states of each execution. */
function metered(world: VirtualWorkflow) {
  const meter = { longest: 0, payloadBytes: 0 };
  const states = new Map<string, number>();
  const steps = world.steps as Record<string, (payload: unknown) => Promise<unknown>>;
  for (const [name, step] of Object.entries(steps)) {
    steps[name] = async (payload) => {
      const answer = await step(payload);
      const { deploymentId = '' } = payload as { deploymentId?: string };
      states.set(deploymentId, (states.get(deploymentId) ?? 0) + 1);
      const sizes = [payload, answer].map((it) => JSON.stringify(it ?? null).length);
      meter.payloadBytes = Math.max(meter.payloadBytes, ...sizes);
      meter.longest = Math.max(meter.longest, ...states.values());
      return answer;
    };
  }
  return meter;
}
