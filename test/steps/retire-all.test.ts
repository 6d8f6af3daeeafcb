import { TARGETS } from '#domain/placement/target.ts';
import { retireAll } from '#steps/retire-all.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';
import { revisionSpec } from '../support/worlds/revision-spec.ts';

/** Versions on three targets, and an undeploy that has taken their route away. */
async function routeless() {
  const world = memoryWorld();
  for (const target of ['lambda', 'fargate', 'ec2']) {
    await world.deploy(world.upload({ manifest: `placement: { target: ${target} }` }));
  }
  const held = await world.before('RetireAll', world.undeploy());
  return { world, held };
}

const states = async ({ registry }: ReturnType<typeof memoryWorld>) =>
  (await registry.versions(MODEL)).map(({ state }) => state);

describe('taking all of a model away', () => {
  it('removes every version wherever it runs, and ends the deployment', async () => {
    const { world, held } = await routeless();

    const answer = await retireAll(world.deps)(held);

    expect(answer).toEqual({ kind: 'Undeployed', drainSeconds: 0 });
    expect(world.existing()).toEqual([]);
    expect(await states(world)).toEqual(['Removed', 'Removed', 'Removed']);
    expect((await world.told()).map(({ state }) => state).slice(-4)).toEqual([
      ...['Removed', 'Removed', 'Removed', 'Undeployed'],
    ]);
  });

  it('drops the keys that open what was kept of its requests', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ manifest: 'capture: {}' }));
    const { captureKeys } = world.deps;
    const [live] = await world.registry.versions(MODEL);
    const revision = live?.revision ?? '';
    expect((await captureKeys.open(MODEL))?.(revision, 1)).toBeDefined();
    const held = await world.before('RetireAll', world.undeploy());

    await retireAll(world.deps)(held);

    const keys = await captureKeys.open(MODEL);
    const days = Array.from({ length: 31 }, (_, index) => index + 1);
    expect(days.filter((day) => keys?.(revision, day))).toEqual([]);
  });

  it('lets every platform forget the model', async () => {
    const { world, held } = await routeless();
    const forgotten: string[] = [];
    const forgetful = (name: 'lambda' | 'fargate' | 'ec2') => ({
      ...world.deps.platforms[name],
      forget: async (model: string, epoch: number) =>
        void forgotten.push(`${name} ${model} ${epoch}`),
    });
    const platforms = {
      lambda: forgetful('lambda'),
      fargate: forgetful('fargate'),
      ec2: forgetful('ec2'),
    };

    await retireAll({ ...world.deps, platforms })(held);

    const { epoch } = held;
    expect(forgotten).toEqual([
      ...[`lambda digits ${epoch}`, `fargate digits ${epoch}`, `ec2 digits ${epoch}`],
    ]);
  });

  it('removes revisions that no version tells of, and none of other models', async () => {
    const { world, held } = await routeless();
    for (const target of TARGETS) {
      const platform = world.platforms[target];
      await platform.create(revisionSpec('a1', { model: MODEL, version: 7 }), held.epoch);
      await platform.create(revisionSpec('a1', { model: 'digits-v9' }), 1);
    }

    await retireAll(world.deps)(held);

    expect(world.existing()).toEqual(['digits-v9-v1', 'digits-v9-v1', 'digits-v9-v1']);
  });

  it('goes on where it was when a removal failed', async () => {
    const { world, held } = await routeless();
    world.platforms.fargate.loseReplies(1);
    await expect(retireAll(world.deps)(held)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
    });
    expect(await states(world)).toEqual(['Removed', 'Retired', 'Retired']);

    await retireAll(world.deps)(held);

    expect(await states(world)).toEqual(['Removed', 'Removed', 'Removed']);
    const removed = (await world.told()).filter(({ state }) => state === 'Removed');
    expect(removed.map(({ version }) => version)).toEqual([3, 2, 1]);
  });

  it('is done once', async () => {
    const { world, held } = await routeless();
    const first = await retireAll(world.deps)(held);
    const told = await world.told();

    expect(await retireAll(world.deps)(held)).toEqual(first);
    expect(await world.told()).toEqual(told);
  });
});
