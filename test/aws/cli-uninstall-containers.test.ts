import { describeOnMoto } from '../support/aws/moto.ts';
import {
  containerInventory,
  containerParts,
  foreignContainer,
  lostTargetGroup,
  runningContainer,
} from './cli-containers.ts';
import { startFront } from './cli-front.ts';
import { inventory } from './cli-inventory.ts';
import { liveShapes } from './cli-model.ts';
import { installInMoto } from './cli-world.ts';

// The stack's own, which moto's CloudFormation does not delete with it.
const LEFT_BY_MOTO = ['api slipway-dev'];

// Moto calls it a ValidationException. https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
const NO_SCALING = {
  calls: /AnyScaleFrontendService\.(?:Deregister|Delete)/,
  status: 400,
  body: JSON.stringify({ __type: 'ObjectNotFoundException', message: 'no such target' }),
};

const ALL = ['uninstall', '--yes', '--delete-bucket', '--delete-table'];

describeOnMoto('slipway uninstall with containers', (moto) => {
  beforeEach(() => moto().reset());

  /** An installation with a model on Lambda and on Fargate, and the remains of a deployment that was cut short, beside resources of somebody else. */
  async function lived() {
    const parts = await containerParts(moto(), 'dev');
    await foreignContainer(moto(), parts);
    const all = async () =>
      [...(await inventory(moto())), ...(await containerInventory(moto(), parts))].toSorted();
    const before = [...(await all()), ...LEFT_BY_MOTO].toSorted();
    const world = await installInMoto(moto(), 'dev', { containers: parts.outputs });
    await liveShapes(moto(), world);
    await runningContainer(moto(), world, parts, { model: 'shapes', version: 2 });
    await lostTargetGroup(moto(), parts, 'dev');
    return { world, parts, before, all };
  }

  it('leaves an account as it was before, and what is not tagged as the stage’s where it is', async () => {
    const { world, before, all } = await lived();
    await using front = await startFront(moto(), [NO_SCALING]);

    const { code, stdout } = await world.run(ALL, { AWS_ENDPOINT_URL: front.endpoint });

    expect(stdout).toMatch(
      /removed +the model shapes: its route, its versions, its containers and the function/,
    );
    expect(stdout).toMatch(/removed +services, rules and target groups that are tagged/);
    expect(stdout).toMatch(/removed +the clusters and capacity of models on EC2/);
    expect(stdout).not.toMatch(/^left/m);
    expect(code).toBe(0);
    expect(await all()).toEqual(before);
  });

  it('leaves a container of a model that the registry does not know, says so, and keeps the stack', async () => {
    const { world, parts } = await lived();
    await runningContainer(moto(), world, parts, { model: 'mine', version: 1 });
    await using front = await startFront(moto(), [NO_SCALING]);

    const { code, stdout } = await world.run(ALL, { AWS_ENDPOINT_URL: front.endpoint });

    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^left +the task definition of mine-v1: the registry does not know this model/m,
    );
    expect(stdout).toMatch(
      /^left +the stack slipway-dev .*: something before it could not be removed/m,
    );
    const left = await containerInventory(moto(), parts);
    expect(left.filter((name) => /mine-v1/.test(name))).toHaveLength(2);
  });
});
