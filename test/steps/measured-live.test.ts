import type { Measurement } from '#domain/build/measurement.ts';
import { DAY_MS, HOUR_MS } from '#domain/durations.ts';
import type { Ceilings } from '#ports/ceilings.ts';
import { meterLive } from '#steps/meter-live.ts';
import { weighLive } from '#steps/weigh-live.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { type MemoryWorld, MODEL, memoryWorld } from '../support/worlds/memory.ts';

const BYTES = addConstantModel({ constant: 1 });
/** The server of the live version took 40 ms of one CPU, of which two shorten nothing. */
const MEASURED: Measurement = {
  by: 'none',
  runs: [{ vcpus: 2, rows: 1, requests: 20, ms: 40, cpuMs: 40 }],
};

/** A file that no build has measured and that is live: measured by its own server, or not, and called so often a second for two weeks. */
async function liveWorld({ measured = true, perSecond = 60 } = {}) {
  const world = memoryWorld();
  await world.deploy(world.upload({ bytes: BYTES }));
  if (measured) await world.registry.noteMeasured(await liveOf(world), MEASURED);
  world.clock.advance(14 * DAY_MS);
  const nowMs = world.clock.now();
  const hours = Array.from({ length: 14 * 24 }, (_, ago) => ({
    atMs: nowMs - (nowMs % HOUR_MS) - ago * HOUR_MS,
    requests: perSecond * 3600,
    busiestMinute: perSecond * 60,
  }));
  world.demand.called(MODEL, hours);
  return world;
}

const liveOf = async ({ registry }: MemoryWorld) => (await registry.model(MODEL))!.live!;

/** The decision about the next upload. */
async function nextOf(world: MemoryWorld, bytes: Uint8Array, manifest = '') {
  const held = await world.before('DescribeCandidate', world.upload({ bytes, manifest }));
  return (await world.recordOf(held)).work.decision!;
}

describe('a file that its own server has measured once it was live', () => {
  it('is placed by its bill where it is uploaded again with another manifest', async () => {
    const world = await liveWorld();

    const decision = await nextOf(world, BYTES, 'team: vision');

    expect(decision).toMatchObject({
      target: 'fargate',
      weighing: { learntDays: 14, question: { measured: { requestMs: 40, parallelPart: 0 } } },
    });
  });

  it('says nothing about other bytes, nor does one that nobody has measured', async () => {
    const other = await nextOf(await liveWorld(), addConstantModel({ constant: 2 }));
    const unmeasured = await nextOf(await liveWorld({ measured: false }), BYTES, 'team: vision');

    for (const decision of [other, unmeasured]) {
      expect(decision).toMatchObject({ target: 'lambda' });
      expect(decision).not.toHaveProperty('weighing');
    }
  });

  it('is looked at again by its bill', async () => {
    const adviceOf = async (world: MemoryWorld, executions: MemoryWorld['executions'] | null) => {
      await weighLive({ ...world.deps, executions })();
      return (await world.registry.versions(MODEL))[0]?.advice;
    };

    const world = await liveWorld();
    expect(await adviceOf(world, null)).toMatchObject({ to: expect.stringMatching(/fargate$/) });
    expect(await adviceOf(world, world.executions)).toMatchObject({
      to: expect.stringMatching(/fargate$/),
    });
    expect(await adviceOf(await liveWorld({ measured: false }), null)).toBeUndefined();
  });

  it('is metered by the measured time, and not by that of the request that proved it', async () => {
    const spentOf = async (world: MemoryWorld) => {
      const ceilings: Ceilings = { set: async () => undefined };
      const caps = { maxMonthlyUsd: 1000 };
      await meterLive({ ...world.deps, caps, ceilings, isSpent: false })();
      return (await world.registry.model(MODEL))?.spent?.usd ?? 0;
    };

    const measured = await spentOf(await liveWorld());
    const proven = await spentOf(await liveWorld({ measured: false }));

    expect(measured).toBeGreaterThan(proven * 2);
  });
});
