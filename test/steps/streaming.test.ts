import type { Inspection } from '#domain/deployment.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

const WRITES = {
  task: 'generate',
  contextTokens: 512,
  requestsAtOnce: 1,
  hasChatTemplate: true,
} as const;
const STREAMING = { target: 'lambda', isStreaming: true };

/** A world in which the models of these versions are language models. */
function worldWithLanguage(...versions: readonly number[]) {
  type Found = { readonly version: number; readonly work: { readonly inspection?: Inspection } };
  return memoryWorld({
    async tap(method, call) {
      const found = (await call()) as Found | undefined;
      const inspection = found?.work?.inspection;
      if (method !== 'registry.deployment' || !inspection) return found;
      if (!versions.includes(found.version)) return found;
      const facts = { ...inspection.facts, language: WRITES };
      return { ...found, work: { ...found.work, inspection: { ...inspection, facts } } };
    },
  });
}

describe('a language model', () => {
  it('streams on Lambda, as its decision, its candidate and its version say', async () => {
    const world = worldWithLanguage(1);

    const held = await world.deploy();

    const { decision, candidate } = (await world.recordOf(held)).work;
    expect(decision).toMatchObject(STREAMING);
    expect(candidate).toMatchObject(STREAMING);
    expect((await world.registry.model(MODEL))?.live).toMatchObject(STREAMING);
    expect(world.lambda.spec('digits-v1')?.isStreaming).toBe(true);
  });

  it('is no other in containers, which always stream', async () => {
    const world = worldWithLanguage(1);

    const held = await world.deploy(world.upload({ manifest: 'placement: { target: fargate }' }));

    expect((await world.recordOf(held)).work.decision).not.toHaveProperty('isStreaming');
    expect((await world.registry.model(MODEL))?.live).not.toHaveProperty('isStreaming');
  });

  it('gets the traffic of one that answers whole at once, is watched as after a move, and leaves the other side standing for 15 min', async () => {
    const world = worldWithLanguage(2);
    await world.deploy();
    const event = world.upload({ manifest: 'rollout: { strategy: canary }' });

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

  it('shares its traffic with the next version, as any function does', async () => {
    const world = worldWithLanguage(1, 2);
    await world.deploy();

    const held = await world.before(
      'CommitDeployment',
      world.upload({ manifest: 'rollout: { strategy: canary }' }),
    );

    const { shift } = (await world.recordOf(held)).work;
    expect(shift?.steps.map(({ percent }) => percent)).toEqual([10, 100]);
    expect(shift?.previous).toEqual({ revision: 'digits-v1', ...STREAMING });
  });

  it('goes back to the version of before as that was, and comes again as it is', async () => {
    const world = worldWithLanguage(2);
    await world.deploy();
    await world.deploy();

    const back = await world.deploy(world.rollback());
    const again = await world.deploy(world.rollback());

    expect((await world.recordOf(back)).work.candidate).not.toHaveProperty('isStreaming');
    expect((await world.recordOf(again)).work.candidate).toMatchObject(STREAMING);
    expect((await world.registry.model(MODEL))?.live).toMatchObject(STREAMING);
    expect(await world.router.shares(MODEL)).toEqual({ 'digits-v2': 100 });
  });
});
