import type { ProbeAnswer } from '#ports/prober.ts';
import { answered } from '../support/memory/prober.ts';
import { tinyLlama } from '../support/models/tiny-llama.ts';
import { MODEL, type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';

const WROTE = answered(200, { choices: [{ text: 'there was', index: 0 }] });

/** A language model that answers, however it is asked. */
function language(world: MemoryWorld, revision: string, manifest?: string) {
  world.behave(revision, (): ProbeAnswer => WROTE);
  return world.upload({ file: 'chat.gguf', bytes: tinyLlama(), ...(manifest && { manifest }) });
}

describe('a language model', () => {
  it('streams on Lambda, as its decision, its candidate and its version say', async () => {
    const world = memoryWorld();

    const held = await world.deploy(language(world, 'digits-v1'));

    const streaming = { target: 'lambda', isStreaming: true };
    const { decision, candidate } = (await world.recordOf(held)).work;
    expect(decision).toMatchObject(streaming);
    expect(candidate).toMatchObject(streaming);
    expect((await world.registry.model(MODEL))?.live).toMatchObject(streaming);
    expect(world.lambda.spec('digits-v1')?.isStreaming).toBe(true);
  });

  it('is no other in containers, which always stream', async () => {
    const world = memoryWorld();

    const held = await world.deploy(
      language(world, 'digits-v1', 'placement: { target: fargate }'),
    );

    expect((await world.recordOf(held)).work.decision).not.toHaveProperty('isStreaming');
    expect((await world.registry.model(MODEL))?.live).not.toHaveProperty('isStreaming');
  });

  it('gets the traffic of one that answers whole at once, is watched as after a move, and leaves the other side standing for 15 min', async () => {
    const world = memoryWorld();
    await world.deploy();
    const event = language(world, 'digits-v2', 'rollout: { strategy: canary }');

    const held = await world.before('CommitDeployment', event);
    const { shift } = (await world.recordOf(held)).work;
    const committed = await world.steps.CommitDeployment(held);

    expect(shift).toMatchObject({
      previous: { revision: 'digits-v1', target: 'lambda' },
      steps: [{ percent: 100, bakeSeconds: 300 }],
    });
    expect(committed).toEqual({ kind: 'Live', drainSeconds: 900 });
    expect((await world.told(held.deploymentId)).map(({ reason }) => reason)).toContain(
      'from lambda to lambda (streaming) the traffic can only move all at once, so the strategy is not canary',
    );
  });

  it('goes back to the version of before as that was', async () => {
    const world = memoryWorld();
    await world.deploy();
    await world.deploy(language(world, 'digits-v2'));

    const held = await world.deploy(world.rollback());

    expect((await world.recordOf(held)).work.candidate).not.toHaveProperty('isStreaming');
    expect((await world.registry.model(MODEL))?.live?.revision).toBe('digits-v1');
    expect(await world.router.shares(MODEL)).toEqual({ 'digits-v1': 100 });
  });
});
