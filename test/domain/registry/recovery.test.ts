import { recoveryInput, recoveryName } from '#domain/registry/recovery.ts';
import {
  objectCreated,
  promotionRequest,
  rollbackRequest,
  undeployRequest,
} from '#domain/workflow.ts';
import { memoryWorld } from '../../support/worlds/memory.ts';
import { promotion } from '../../support/worlds/promotion.ts';

async function deployments() {
  const world = memoryWorld();
  await world.deploy();
  await world.deploy();
  const staging = memoryWorld();
  await staging.deploy();
  const promote = await promotion(staging, world);
  const request = async (start: Parameters<typeof world.deploy>[0]) =>
    world.recordOf(await world.deploy(start));
  return {
    promote: await request(promote),
    deploy: await request(world.upload()),
    rollback: await request(world.rollback()),
    repair: await request(world.rollback(null, 'repair')),
    undeploy: await request(world.undeploy()),
  };
}

const known = await deployments();

describe('an execution that takes a deployment up', () => {
  it.each([
    { kind: 'deploy', workflow: 'deploy', schema: objectCreated },
    { kind: 'promote', workflow: 'promote', schema: promotionRequest },
    { kind: 'rollback', workflow: 'rollback', schema: rollbackRequest },
    { kind: 'repair', workflow: 'rollback', schema: rollbackRequest },
    { kind: 'undeploy', workflow: 'undeploy', schema: undeployRequest },
  ] as const)('of a $kind is one of $workflow, with an input it takes', (wanted) => {
    const recovery = recoveryInput(known[wanted.kind]);

    expect(recovery.workflow).toBe(wanted.workflow);
    expect(wanted.schema.parse(recovery.input)).toEqual(recovery.input);
  });

  it('names the version of the upload, and the deployment', () => {
    const { id, artifact } = known.deploy;

    expect(recoveryInput(known.deploy).input).toEqual({
      detail: {
        bucket: { name: artifact.bucket },
        object: { key: artifact.key, 'version-id': artifact.versionId },
      },
      recovery: { deploymentId: id },
    });
  });

  it.each(['deploy', 'rollback', 'repair', 'undeploy'] as const)(
    'of a %s has a name of its own for each attempt, of at most 80 characters',
    (kind) => {
      const model = 'm'.repeat(40);
      const artifact = { ...known[kind].artifact, key: `models/${model}/model.onnx` };
      const names = [1, 2, 3].map((attempt) =>
        recoveryName({ ...known[kind], model, artifact }, attempt),
      );

      expect(new Set(names).size).toBe(3);
      for (const name of names) expect(name).toMatch(/^m{40}-[\w-]{1,39}$/);
    },
  );
});
