import { admitRollback } from '#steps/admit-rollback.ts';
import { type MemoryWorld, memoryWorld, type Start } from '../support/worlds/memory.ts';

type Request = Extract<Start, { to: unknown }>;

const admit = (world: MemoryWorld, request: Request, execution = 'execution-9') =>
  admitRollback(world.deps)({ request, execution });

/** A model with so many versions, the last of them live; a second apart. */
async function versions(count: number, manifest = '') {
  const world = memoryWorld();
  for (let version = 1; version <= count; version += 1) {
    await world.deploy(world.upload({ manifest }));
  }
  world.clock.advance(1000);
  return world;
}

describe('admitting a rollback', () => {
  it('takes the version that was live before, with all that was found of it', async () => {
    const world = await versions(3);
    const request = world.rollback();

    const answer = await admit(world, request);

    expect(answer).toEqual({
      kind: 'admitted',
      id: request.deploymentId,
      model: 'digits',
      reason: '',
    });
    const [, second] = (await world.registry.versions('digits')).toReversed();
    const first = await world.recordOf({ deploymentId: second!.deploymentId });
    const { inspection, plan, decision } = first.work;
    expect(await world.recordOf(request)).toMatchObject({
      kind: 'rollback',
      version: 2,
      artifact: first.artifact,
      execution: 'execution-9',
      work: { inspection, plan, decision },
    });
    expect((await world.recordOf(request)).work).not.toHaveProperty('candidate');
    expect((await world.told(request.deploymentId)).at(-1)).toMatchObject({
      state: 'Admitted',
      version: 2,
      reason: 'somebody asked for it',
      data: { kind: 'rollback' },
    });
  });

  it('takes the version that is named', async () => {
    const world = await versions(3);
    const request = world.rollback(1);

    await admit(world, request);

    expect((await world.recordOf(request)).version).toBe(1);
  });

  it('goes back from a rollback to where it came from', async () => {
    const world = await versions(3);
    await world.deploy(world.rollback(1));
    const request = world.rollback();

    await admit(world, request);

    expect((await world.recordOf(request)).version).toBe(3);
  });

  it('sets the live version right when that is asked for', async () => {
    const world = await versions(2);
    const request = world.rollback(null, 'repair');

    await admit(world, request);

    expect(await world.recordOf(request)).toMatchObject({ kind: 'repair', version: 2 });
  });

  it.each([
    { what: 'a first version', count: 1, to: null, reason: 'digits has no version to go back to' },
    { what: 'the live version', count: 2, to: 2, reason: 'digits version 2 is live already' },
    {
      what: 'a version that never was',
      count: 2,
      to: 9,
      reason: 'digits has no version 9 that could start again',
    },
    {
      what: 'a version that is gone',
      count: 5,
      to: 1,
      reason: 'digits has no version 1 that could start again',
    },
  ])('does nothing and says why for $what', async ({ count, to, reason }) => {
    const world = await versions(count);
    const request = world.rollback(to);

    expect(await admit(world, request)).toMatchObject({ kind: 'ignored', reason });
    expect(await world.registry.deployment(request.deploymentId)).toBeUndefined();
  });

  it('skips versions that are gone', async () => {
    const world = await versions(3, 'rollout: { keepVersions: 1 }');

    const request = world.rollback();
    await admit(world, request);

    expect((await world.recordOf(request)).version).toBe(2);
  });

  it.each([
    { what: 'that is not there', kind: 'rollback', reason: 'there is no model digits' },
    { what: 'that is not there', kind: 'repair', reason: 'there is no model digits' },
  ] as const)('does nothing for a model $what ($kind)', async ({ kind, reason }) => {
    const world = memoryWorld();

    expect(await admit(world, world.rollback(null, kind))).toMatchObject({
      kind: 'ignored',
      reason,
    });
  });

  it('does not repair a model that has no live version', async () => {
    const world = memoryWorld();
    await world.before('InspectArtifact');

    expect(await admit(world, world.rollback(null, 'repair'))).toMatchObject({
      kind: 'ignored',
      reason: 'digits has no live version',
    });
  });

  it('is one rollback however often it is asked for', async () => {
    const world = await versions(2);
    const request = world.rollback();
    const first = await admit(world, request);
    const told = await world.told();

    expect(await admit(world, request)).toEqual(first);
    expect(await world.told()).toEqual(told);
  });

  it('is taken up by another execution when its own has died', async () => {
    const world = await versions(2);
    const request = world.rollback();
    await admit(world, request);

    expect((await admit(world, request, 'another')).kind).toBe('admitted');
    expect(await world.recordOf(request)).toMatchObject({ execution: 'another', attempt: 2 });
  });
});
