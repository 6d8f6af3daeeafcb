import type { ObjectCreated } from '#domain/workflow.ts';
import { type MotoAws, motoAws } from '../support/aws-world-moto.ts';
import { REQUEST } from '../support/aws-world-scenarios.ts';
import { stateOf, toldOf } from '../support/aws-world-suite.ts';
import { describeOnMoto } from '../support/moto.ts';
import { addConstantModel } from '../support/onnx-models.ts';

const TEN_MINUTES_MS = 600_000;

/**
 * The states in which an execution is stopped, and what its deployment then is.
 * Two models share them: moto numbers versions by how many there are, so none may get as many as make Slipway remove the oldest.
 */
const STOPPED = [
  { state: 'InspectArtifact', phase: 'Failed', model: 'stopped-early' },
  { state: 'VerifyTraffic', phase: 'Failed', model: 'stopped-early' },
  { state: 'JudgeBake', phase: 'Failed', model: 'stopped-late' },
  { state: 'RetirePrevious', phase: 'Live', model: 'stopped-late' },
];

describeOnMoto('events that come twice, late or never, by moto’s interpreter', () => {
  let world: MotoAws;
  let constant = 0;
  beforeAll(async () => {
    world = await motoAws();
  });
  afterAll(() => world.close());

  const upload = (model: string) => {
    constant += 1;
    return world.upload(model, addConstantModel({ constant }));
  };
  const statesTold = async (event: ObjectCreated) =>
    (await toldOf(world, event)).map(({ state }) => state);
  const LIVE = {
    ...{ phase: 'Live', hasEnded: true, unended: [], lease: 'free', weights: {} },
  };

  it('an event that comes twice at once deploys once', async () => {
    const event = await upload('twice');

    const executions = [await world.start(event), await world.start(event)];
    await Promise.all(executions.map(world.ended));

    expect(await stateOf(world, event)).toMatchObject({ ...LIVE, versions: ['twice-v1'] });
    const told = await statesTold(event);
    expect(told.filter((state) => state === 'Admitted')).toHaveLength(1);
    expect(told.filter((state) => state === 'Live')).toHaveLength(1);
  });

  it('of two uploads whose events come twice and the wrong way round the newer goes live', async () => {
    const older = await upload('turned');
    const newer = await upload('turned');

    const outcomes = [];
    for (const event of [newer, newer, older, older])
      outcomes.push((await world.run(event)).states.at(-1));

    expect(outcomes).toEqual(['Live', 'Ignored', 'Superseded', 'Ignored']);
    expect(await stateOf(world, newer)).toMatchObject({ ...LIVE, versions: ['turned-v1'] });
    expect((await statesTold(older)).filter((state) => state === 'Superseded')).toHaveLength(1);
    expect(await world.infer('turned', REQUEST)).toMatchObject({
      data: [1 + constant, 2 + constant],
    });
  });

  it('an upload whose event never comes is deployed by the sweep', async () => {
    const event = await upload('lost');

    const swept = (await world.sweepLater(TEN_MINUTES_MS)) as { started: string[] };
    await Promise.all(swept.started.map((name) => world.ended(world.execution(name))));

    expect(swept.started).toEqual([expect.stringMatching(/^lost-/)]);
    expect(await stateOf(world, event)).toMatchObject({ ...LIVE, versions: ['lost-v1'] });
    expect(await world.sweepLater(TEN_MINUTES_MS)).toEqual({
      recovered: [],
      freed: [],
      started: [],
      repaired: [],
      removed: [],
    });
  });

  describe('an execution that is stopped', () => {
    const live = async (model: string) => (await world.registry.model(model))?.live?.revision;
    beforeAll(async () => {
      for (const model of new Set(STOPPED.map((each) => each.model))) {
        await world.run(await upload(model));
      }
    });

    it.each(STOPPED)(
      'in $state is swept, and the next upload deploys',
      async ({ state, phase, model }) => {
        const before = await live(model);
        const event = await upload(model);

        await world.ended(await world.startStopped(event, state));

        const after = await stateOf(world, event);
        expect(after).toMatchObject({ phase, hasEnded: true, unended: [], lease: 'free' });
        expect(after.live === before).toBe(phase === 'Failed');
        expect((await statesTold(event)).filter((told) => told === phase)).toHaveLength(1);
        const next = await upload(model);
        await world.run(next);
        expect(await stateOf(world, next)).toMatchObject(LIVE);
        expect(await world.infer(model, REQUEST)).toEqual({
          status: 200,
          revision: await live(model),
          data: [1 + constant, 2 + constant],
        });
      },
    );
  });
});
