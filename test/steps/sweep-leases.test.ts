import type { Deployment } from '#domain/deployment.ts';
import type { Lease, ModelRecord, Records } from '#domain/registry/write.ts';
import { registryWrites } from '#domain/registry/writes.ts';
import { freeDeadLeases } from '#steps/sweep-leases.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

const HELD: Lease = {
  epoch: 7,
  holder: { deploymentId: 'd1', execution: 'e1', leaseSeconds: 900, leaseUntilMs: 1 },
};

/** A registry whose one model has this lease, which its own writes would never leave so. */
async function planted(lease: Lease, deployment?: Partial<Deployment>) {
  const world = memoryWorld();
  const known = await world.recordOf(await world.deploy());
  const model = (await world.registry.model('digits'))!;
  let record = { model, lease } as ModelRecord;
  const own = deployment && { deployment: { ...known, id: 'd1', ...deployment }, sequence: 9 };
  const writes = registryWrites(async (wanted) => {
    const of: Records = { deployment: own, model: record, version: undefined };
    const isOwn = wanted.deploymentId === 'd1';
    const change = wanted.decide(isOwn ? of : { ...of, deployment: undefined }, 0);
    record = change.model ?? record;
    return change.answer;
  });
  return { sweep: () => freeDeadLeases({ registry: { ...world.registry, ...writes } }), writes };
}

describe('the lease of a model', () => {
  it.each([
    ['has ended', { endedAtMs: 5 }],
    ['nobody knows', undefined],
  ])('is freed when it is of a deployment that %s', async (_, deployment) => {
    const { sweep, writes } = await planted(HELD, deployment);

    expect(await sweep()).toEqual({ done: ['digits'], failures: [] });

    expect(await writes.lease('digits')).toEqual({ epoch: 7, holder: null });
  });

  it('is left with a deployment that has not ended', async () => {
    const { sweep, writes } = await planted(HELD, { endedAtMs: null });

    expect(await sweep()).toEqual({ done: [], failures: [] });

    expect(await writes.lease('digits')).toEqual(HELD);
  });

  it('is left to another that has taken it meanwhile', async () => {
    const { writes } = await planted({ ...HELD, holder: { ...HELD.holder!, deploymentId: 'd2' } });

    expect(await writes.freeDeadLease('digits', 'd1')).toBe(false);
  });

  it('needs nothing when it is free', async () => {
    const { sweep } = await planted({ epoch: 7, holder: null });

    expect(await sweep()).toEqual({ done: [], failures: [] });
  });
});

it('the lease of a model that there is not is no lease', async () => {
  expect(await memoryWorld().registry.lease('digits')).toBeUndefined();
});
