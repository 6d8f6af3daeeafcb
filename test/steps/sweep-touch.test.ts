import { touchKept } from '#steps/sweep-touch.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

const addresses = (world: ReturnType<typeof memoryWorld>, from: number) =>
  world.prober.sent.slice(from).map(({ address, asked }) => [address, asked]);

describe('a touch', () => {
  it('asks each kept version on Lambda for its readiness', async () => {
    const world = memoryWorld();
    await world.deploy();
    await world.deploy();
    const before = world.prober.sent.length;

    await touchKept(world.deps)();

    expect(addresses(world, before)).toEqual([
      ['/_candidate/nobody-v0', 'ready'],
      ['/_candidate/digits-v2', 'ready'],
      ['/_candidate/digits-v1', 'ready'],
    ]);
  });

  it('asks the load balancer once, whatever runs behind it', async () => {
    const world = memoryWorld();
    const manifest = 'placement: {target: fargate}';
    await world.deploy(world.upload({ manifest }));
    await world.deploy(world.upload({ manifest }));
    const before = world.prober.sent.length;

    expect(await touchKept(world.deps)()).toEqual(['/_candidate/nobody-v0']);

    expect(addresses(world, before)).toEqual([['/_candidate/nobody-v0', 'ready']]);
  });

  it('asks no load balancer where there is none', async () => {
    const world = memoryWorld();

    expect(await touchKept({ ...world.deps, offered: ['lambda'] })()).toEqual([]);
  });

  it('asks nothing of what was removed', async () => {
    const world = memoryWorld();
    await world.deploy();
    await world.deploy(world.undeploy());

    expect(await touchKept(world.deps)()).toEqual(['/_candidate/nobody-v0']);
  });

  it('tells of a request that could not be sent, after the others were', async () => {
    const world = memoryWorld();
    await world.deploy();
    await world.deploy();
    const asked: string[] = [];
    const ready: typeof world.prober.ready = async (address) => {
      asked.push(address);
      throw new Error('no way');
    };

    const touched = touchKept({ ...world.deps, prober: { ...world.prober, ready } })();

    await expect(touched).rejects.toThrow('no way');
    expect(asked).toHaveLength(3);
  });
});
