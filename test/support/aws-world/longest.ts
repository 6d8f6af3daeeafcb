import { addConstantModel } from '../models/onnx.ts';
import type { LocalAws } from './local.ts';
import { expectSmall } from './suite.ts';

const MODEL = 'longest';
const LATEST_START_SECONDS = 850;

/** The default canary in containers, over a version that serves, whose task finds capacity just before its deadline. */
export function describeAwsLongest(open: () => LocalAws): void {
  it('a canary whose task starts at the last moment stays small', async () => {
    const world = open();
    const bytes = (constant: number) => addConstantModel({ constant });
    const manifest = 'placement: { target: fargate }\n';
    await world.run(await world.upload(MODEL, bytes(10), manifest));
    world.containers.turn(`${MODEL}-v2`, 'no capacity');
    const latestMs = world.clock.now() + LATEST_START_SECONDS * 1000;
    const look = () => {
      if (world.clock.now() < latestMs) world.before('DescribeCandidate', look);
      else world.containers.turn(`${MODEL}-v2`, 'serves');
    };
    world.before('DescribeCandidate', look);

    const run = await world.run(await world.upload(MODEL, bytes(20), manifest));

    expect(run.states.at(-1)).toBe('Live');
    const looks = run.states.filter((state) => state === 'DescribeCandidate').length;
    const slices = run.states.filter((state) => state === 'JudgeBake').length;
    expectSmall(`a canary after ${looks} looks, ${slices} slices`, run);
  });
}
