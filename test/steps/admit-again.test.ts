import { admitDeployment } from '#steps/admit-deployment.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { MODEL, memoryWorld } from '../support/worlds/memory.ts';

const BYTES = addConstantModel({ constant: 1 });

describe('the same event again', () => {
  it('of the same execution is answered as the first time', async () => {
    const world = memoryWorld();
    const event = world.upload();
    const admit = admitDeployment(world.deps);

    const first = await admit({ event, execution: 'run-1' });
    const again = await admit({ event, execution: 'run-1' });

    expect(again).toEqual(first);
    expect(await world.told()).toHaveLength(1);
  });

  it.each([
    { what: 'while the first is running', ended: false },
    { what: 'when the first has ended', ended: true },
  ])('is ignored $what', async ({ ended }) => {
    const world = memoryWorld();
    const event = world.upload();
    if (ended) await world.deploy(event);
    else await world.before('CheckHealth', event);
    const told = await world.told();

    const answer = await admitDeployment(world.deps)({ event, execution: 'run-2' });

    expect(answer.kind).toBe('ignored');
    expect(await world.told()).toEqual(told);
  });

  it('takes the deployment up when its execution has died', async () => {
    const world = memoryWorld();
    const event = world.upload();
    const { deploymentId: id } = await world.before('CheckHealth', event);
    const { execution } = (await world.registry.deployment(id))!;
    world.executions.end(execution);

    const answer = await admitDeployment(world.deps)({ event, execution: 'run-2' });

    expect(answer).toEqual({ kind: 'admitted', id, model: 'digits', reason: '' });
    expect(await world.registry.deployment(id)).toMatchObject({ execution: 'run-2', attempt: 2 });
  });

  it('admits one of two executions that come at the same time', async () => {
    const world = memoryWorld();
    const event = world.upload();
    const admit = admitDeployment(world.deps);
    world.executions.begin('run-1');
    world.executions.begin('run-2');

    const answers = await Promise.all(
      ['run-1', 'run-2'].map((execution) => admit({ event, execution })),
    );

    expect(answers.map(({ kind }) => kind).sort()).toEqual(['admitted', 'ignored']);
  });
});

describe('the bytes that are live already', () => {
  it('are ignored, and the event names the version', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: BYTES }));
    const event = world.upload({ bytes: BYTES });
    const admit = admitDeployment(world.deps);

    const first = await admit({ event, execution: 'run-2' });
    const again = await admit({ event, execution: 'run-2' });

    expect([first.kind, again.kind]).toEqual(['ignored', 'ignored']);
    expect(await world.told(first.id)).toEqual([
      expect.objectContaining({
        state: 'Ignored',
        reason: 'models/digits/model.onnx is byte for byte identical to digits-v1, which is live',
      }),
    ]);
  });

  it('are ignored while the live version still retires what came before', async () => {
    const world = memoryWorld();
    await world.before('RetirePrevious', world.upload({ bytes: BYTES }));
    const event = world.upload({ bytes: BYTES });

    const { kind } = await admitDeployment(world.deps)({ event, execution: 'run-2' });

    expect(kind).toBe('ignored');
  });

  it('are deployed with another manifest', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: BYTES }));
    const event = world.upload({ bytes: BYTES, manifest: 'resources: { memory: 512Mi }' });

    const { kind } = await admitDeployment(world.deps)({ event, execution: 'run-2' });

    expect(kind).toBe('admitted');
  });

  it('are deployed again while another version is on its way to replace them', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: BYTES }));
    await world.before('CheckHealth');
    const event = world.upload({ bytes: BYTES });

    const { kind } = await admitDeployment(world.deps)({ event, execution: 'run-3' });

    expect(kind).toBe('admitted');
  });

  it.each(['rollback', 'undeploy'] as const)(
    'are deployed again while the %s of a model is under way, and ignored while another model’s is',
    async (kind) => {
      const world = memoryWorld();
      await world.deploy(world.upload({ bytes: BYTES }));
      const { live } = (await world.registry.model(MODEL))!;
      const unended = async (model: string) => [
        { ...(await world.registry.deployment(live!.deploymentId))!, model, kind },
      ];
      const admit = async (model: string) => {
        const registry = { ...world.registry, unended: () => unended(model) };
        const event = world.upload({ bytes: BYTES });
        return admitDeployment({ ...world.deps, registry })({ event, execution: `of-${model}` });
      };

      expect((await admit('letters')).kind).toBe('ignored');
      expect((await admit(MODEL)).kind).toBe('admitted');
    },
  );

  it('are ignored after another version has failed to replace them', async () => {
    const world = memoryWorld();
    await world.deploy(world.upload({ bytes: BYTES }));
    const { deploymentId: id } = await world.before('CheckHealth');
    await world.registry.settle({ deploymentId: id, reason: 'stopped', degraded: false });
    const event = world.upload({ bytes: BYTES });

    const { kind } = await admitDeployment(world.deps)({ event, execution: 'run-3' });

    expect(kind).toBe('ignored');
  });
});
