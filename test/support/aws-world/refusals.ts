import { addConstantModel } from '../models/onnx.ts';
import type { LocalAws } from './local.ts';
import { deploymentOf, placed, REQUEST } from './scenarios.ts';
import { stateOf, toldOf } from './suite.ts';

// The time that a target may take to find capacity, and the server's own 300 s.
const READY_SECONDS = { fargate: 900, ec2: 1500 } as const;

/** A target that has no room for a new version. */
export function describeAwsRefusals(open: () => LocalAws, target: 'fargate' | 'ec2'): void {
  it.each([
    {
      fate: 'no capacity',
      reason: `was not ready in ${READY_SECONDS[target]} s: AWS has no capacity for it`,
    },
    { fate: 'no quota', reason: 'the account has reached its quota of vCPUs of this kind' },
  ] as const)(`${target}: $fate is a failure that says so, and v1 serves on`, async (refused) => {
    const world = open();
    const model = `${refused.fate.replace(' ', '-')}-${target}`;
    const bytes = (constant: number) => addConstantModel({ constant });
    await world.run(await world.upload(model, bytes(10), placed(target)));
    const before = await world.inventory();
    const weights = await world.containers.weights(model);
    world.containers.turn(`${model}-v2`, refused.fate);
    const event = await world.upload(model, bytes(20), placed(target));

    const run = await world.run(event);

    expect(run.states.at(-1)).toBe('Failed');
    const { trouble } = (await world.registry.deployment(await deploymentOf(event)))!;
    expect(trouble?.reason).toContain(refused.reason);
    expect((await toldOf(world, event)).at(-1)).toMatchObject({ state: 'Failed' });
    expect(await stateOf(world, event)).toMatchObject({ live: `${model}-v1`, weights });
    expect(await world.inventory()).toEqual(before);
    expect(await world.infer(model, REQUEST)).toMatchObject({ status: 200, data: [11, 12] });
  });
}
