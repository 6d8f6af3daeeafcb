import { addConstantModel } from '../support/models/onnx.ts';
import { MODEL } from '../support/worlds/memory.ts';
import { promotion } from '../support/worlds/promotion.ts';
import { type VirtualWorkflow, virtualWorkflow } from '../support/worlds/virtual-workflow.ts';

const HOUR_MS = 3_600_000;

/** Version 2 is live in staging; in production another upload is version 1. */
async function stages(options: { requireApproval?: boolean } = {}) {
  const staging = virtualWorkflow({ engine: 'image' });
  await staging.run(staging.upload());
  await staging.run(staging.upload());
  const prod = virtualWorkflow({ engine: 'image', ...options });
  await prod.run(prod.upload({ bytes: addConstantModel({ constant: 9 }) }));
  prod.clock.advance(HOUR_MS);
  return { staging, prod };
}

const digestOf = async ({ registry, recordOf }: VirtualWorkflow) => {
  const { live } = (await registry.model(MODEL))!;
  return (await recordOf({ deploymentId: live!.deploymentId })).work.image?.digest;
};

const statesOf = async (world: VirtualWorkflow, deploymentId: string) =>
  (await world.told(deploymentId)).map(({ state }) => state);

/** A person answers as soon as the workflow has asked for it. */
function answering(world: VirtualWorkflow, verdict: 'approved' | 'refused', digest: string) {
  world.tap(async (method, call, asked) => {
    const answer = await call();
    if (method === 'registry.askApproval') {
      const [id] = asked as [string];
      await world.registry.answerApproval(id, { verdict, digest, by: 'ada' });
    }
    return answer;
  });
}

describe('a promotion', () => {
  it('brings the same digest to production, and builds nothing there', async () => {
    const { staging, prod } = await stages();
    const built = [...prod.builds.built];

    const end = await prod.run(await promotion(staging, prod));

    expect(end.error).toBe('');
    expect(await digestOf(prod)).toBe(await digestOf(staging));
    expect(prod.builds.built).toEqual(built);
    expect(prod.router.dataPlane(MODEL)).toEqual({ 'digits-v2': 100 });
    expect(
      (await prod.registry.versions(MODEL)).map(({ version, state }) => [version, state]),
    ).toEqual([
      [2, 'Live'],
      [1, 'Retired'],
    ]);
  });

  it('takes the way of every new version, with its bake', async () => {
    const { staging, prod } = await stages();
    const request = await promotion(staging, prod);

    await prod.run(request);

    expect(await statesOf(prod, request.deploymentId)).toEqual([
      ...['Admitted', 'Provisioning', 'Ready', 'Compared', 'Shifting', 'Baking', 'Live'],
      'Retired',
    ]);
    const [admitted] = await prod.told(request.deploymentId);
    expect(admitted).toMatchObject({
      version: 2,
      reason: expect.stringMatching(/^promoted from staging, version 2: sha256:/),
    });
  });

  it('goes live once a person has approved its digest', async () => {
    const { staging, prod } = await stages({ requireApproval: true });
    answering(prod, 'approved', (await digestOf(staging))!);
    const request = await promotion(staging, prod);

    await prod.run(request);

    const states = await statesOf(prod, request.deploymentId);
    expect(states.slice(0, 3)).toEqual(['Admitted', 'AwaitingApproval', 'Provisioning']);
    expect(states).toContain('Live');
  });

  it('that a person refuses ends without a trace in what serves', async () => {
    const { staging, prod } = await stages({ requireApproval: true });
    answering(prod, 'refused', (await digestOf(staging))!);
    const request = await promotion(staging, prod);

    const end = await prod.run(request);

    expect(end.error).toBe('');
    expect((await prod.told(request.deploymentId)).at(-1)).toMatchObject({
      state: 'Rejected',
      reason: 'ada refused version 2',
    });
    expect(prod.router.dataPlane(MODEL)).toEqual({ 'digits-v1': 100 });
    expect(prod.existing()).toEqual(['digits-v1']);
  });

  it('that nobody approves is rejected after a day', async () => {
    const { staging, prod } = await stages();
    const request = await promotion(staging, prod, { needsApproval: true });
    const beganMs = prod.clock.now();

    await prod.run(request);

    expect((await prod.told(request.deploymentId)).at(-1)).toMatchObject({
      state: 'Rejected',
      reason: 'nobody approved version 2 within 24 h',
    });
    expect((prod.clock.now() - beganMs) / HOUR_MS).toBeCloseTo(24, 0);
    expect(prod.existing()).toEqual(['digits-v1']);
  });

  it('does not keep uploads waiting while it waits for a person, and gives way to them', async () => {
    const { staging, prod } = await stages({ requireApproval: true });
    const request = await promotion(staging, prod);
    await prod.steps.AdmitPromotion({ request, execution: 'run-p' });
    await prod.steps.AwaitApproval({ deploymentId: request.deploymentId, attempt: 0 });

    await prod.run(prod.upload());
    const digest = (await digestOf(staging))!;
    await prod.registry.answerApproval(request.deploymentId, {
      verdict: 'approved',
      digest,
      by: 'ada',
    });
    await prod.run(request);

    expect(prod.router.dataPlane(MODEL)).toEqual({ 'digits-v3': 100 });
    expect((await prod.told(request.deploymentId)).at(-1)?.state).toBe('Superseded');
  });
});
