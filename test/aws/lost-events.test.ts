import type { ObjectCreated } from '#domain/workflow.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { type MotoAws, motoAws } from '../support/aws-world/moto.ts';
import { placed, REQUEST } from '../support/aws-world/scenarios.ts';
import { stateOf, toldOf } from '../support/aws-world/suite.ts';
import { addConstantModel } from '../support/models/onnx.ts';

const TEN_MINUTES_MS = 600_000;

/**
 * The states in which an execution is stopped: before anything is made, while the new version has traffic, and once it is live. Another execution takes its deployment up.
 * Two models share them: moto numbers versions by how many there are, so none may get more after Slipway has removed the oldest.
 */
const STOPPED = [
  { state: 'InspectArtifact', model: 'stopped-early' },
  { state: 'JudgeBake', model: 'stopped-late' },
  { state: 'RetirePrevious', model: 'stopped-late' },
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
    // Moto makes the stage anew with each deployment of the API, without its settings.
    await world.sweepLater(TEN_MINUTES_MS);
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

    it.each(STOPPED)('in $state is swept, and its upload goes live', async ({ state, model }) => {
      const event = await upload(model);

      await world.ended(await world.startStopped(event, state));

      expect(await stateOf(world, event)).toMatchObject(LIVE);
      expect((await statesTold(event)).filter((told) => told === 'Live')).toHaveLength(1);
      expect(await world.infer(model, REQUEST)).toEqual({
        status: 200,
        revision: await live(model),
        data: [1 + constant, 2 + constant],
      });
    });

    it('is swept in containers too', async () => {
      const event = await world.upload(
        'boxed',
        addConstantModel({ constant: 1 }),
        placed('fargate'),
      );

      await world.ended(await world.startStopped(event, 'ProvisionFargate'));

      expect(await stateOf(world, event)).toMatchObject({ ...LIVE, weights: { 'boxed-v1': 100 } });
      expect(await world.infer('boxed', REQUEST)).toMatchObject({ status: 200, data: [2, 3] });
    });

    it('in the middle of a rollback is swept, and the version before is live', async () => {
      const [model, kind, deploymentId] = ['stopped-early', 'rollback', 'rolled'] as const;
      const request = { kind, deploymentId, model, to: null, reason: '' };
      const [, before] = await world.registry.versions(model);

      await world.ended(await world.startStopped(request, 'ShiftTraffic'));

      expect(await stateOf(world, request)).toMatchObject({ ...LIVE, live: before?.revision });
    });

    it('in the middle of an undeployment is swept, and nothing is left', async () => {
      const [model, kind, deploymentId] = ['stopped-early', 'undeploy', 'undeployed'] as const;
      const { functions } = await world.inventory();

      await world.ended(await world.startStopped({ kind, deploymentId, model }, 'RetireAll'));

      expect((await world.registry.deployment(deploymentId))?.phase).toBe('Undeployed');
      expect(await world.route(model)).toBeUndefined();
      expect((await world.inventory()).functions).toBe(functions - 1);
    });
  });
});
