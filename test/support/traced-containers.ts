import type { Target } from '#domain/target.ts';
import { addConstantModel, unknownOperatorModel } from './onnx-models.ts';
import type { TracedWorld } from './traced-world.ts';

const SCALED = 'scaling: { min: 1, max: 2, schedules: [{ at: "08:30", min: 2, max: 3 }] }\n';

/** Every way on which a step asks something of AWS about containers. */
export async function tracedContainers(world: TracedWorld): Promise<void> {
  let constant = 1000;
  const placed = (model: string, target: Target, rest = '') => {
    constant += 1;
    const manifest = `placement: { target: ${target} }\nrollout: { bakeSeconds: 1 }\n${rest}`;
    return world.upload(model, addConstantModel({ constant }), manifest);
  };
  const rollback = (model: string) =>
    world.run({ kind: 'rollback', deploymentId: `back-${model}`, model, to: null, reason: '' });
  const undeploy = (model: string) =>
    world.run({ kind: 'undeploy', deploymentId: `end-${model}`, model });

  for (const target of ['fargate', 'ec2'] as const) {
    const model = `traced-${target}`;
    await world.run(await placed(model, target, SCALED));
    await world.run(await placed(model, target, SCALED));
    await world.run(await placed(model, target), {
      JudgeBake: () => world.count({ revision: `${model}-v3`, target }, 1000, 900),
    });
    await world.run(
      await world.upload(model, unknownOperatorModel(), `placement: { target: ${target} }\n`),
    );
    await rollback(model);
    await undeploy(model);
  }
  await breachedFirst(world, await placed('traced-first', 'fargate'));
  await moves(world, placed);
}

/** A first version that fails clients: its route is taken away with it. */
async function breachedFirst(
  world: TracedWorld,
  event: Parameters<TracedWorld['run']>[0],
): Promise<void> {
  await world.run(event, {
    JudgeBake: () => world.count({ revision: 'traced-first-v1', target: 'fargate' }, 1000, 900),
  });
}

/** There and back again, once broken each way. */
async function moves(
  world: TracedWorld,
  placed: (model: string, target: Target) => Promise<Parameters<TracedWorld['run']>[0]>,
): Promise<void> {
  const model = 'traced-moving';
  const breach = (version: number, target: Target) => ({
    JudgeBake: () => world.count({ revision: `${model}-v${version}`, target }, 1000, 900),
  });
  await world.run(await placed(model, 'lambda'));
  await world.run(await placed(model, 'fargate'), breach(2, 'fargate'));
  await world.run(await placed(model, 'fargate'));
  await world.run(await placed(model, 'lambda'), breach(4, 'lambda'));
  await world.run(await placed(model, 'lambda'));
  await world.run({ kind: 'undeploy', deploymentId: `end-${model}`, model });
}
