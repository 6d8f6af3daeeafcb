import { strToU8, zipSync } from 'fflate';
import type { Target } from '#domain/placement/target.ts';
import { addConstantModel, unknownOperatorModel } from '../models/onnx.ts';
import { type Before, each, type TracedWorld } from './world.ts';

const SCALED =
  'scaling: { min: 1, max: 2, schedules: [{ at: "08:30", min: 2, max: 3 }] }\ncapture: { days: 1 }\n';

/** Puts a model in the bucket that differs from all before it, and that runs on `target`. */
export type Place = (
  model: string,
  target: Target,
  more?: { readonly rollout?: string; readonly rest?: string },
) => ReturnType<TracedWorld['upload']>;

export function placing(world: TracedWorld): Place {
  let constant = 1000;
  return (model, target, { rollout = '', rest = '' } = {}) => {
    constant += 1;
    const manifest = `placement: { target: ${target} }\nrollout: { bakeSeconds: 1${rollout} }\n${rest}`;
    return world.upload(model, addConstantModel({ constant }), manifest);
  };
}

/** Puts code in the bucket that differs from all before it and asks for a GPU, which a model of ONNX may not. */
export type PlaceOnGpu = (model: string, gpu: string) => ReturnType<TracedWorld['upload']>;

export function placingOnGpu(world: TracedWorld): PlaceOnGpu {
  let uploads = 0;
  return (model, gpu) => {
    uploads += 1;
    const code = `def predict(data): return ${uploads}\n`;
    const manifest = `resources: { accelerator: ${gpu} }\nrollout: { bakeSeconds: 1 }\n`;
    return world.upload(model, zipSync({ 'predict.py': strToU8(code) }), manifest, 'model.zip');
  };
}

export const asked = {
  rollback: (model: string, to: number | null, deploymentId = `back-${model}-${to}`) =>
    ({ kind: 'rollback', deploymentId, model, to, reason: '' }) as const,
  undeploy: (model: string, deploymentId = `end-${model}`) =>
    ({ kind: 'undeploy', deploymentId, model }) as const,
};

/** Every way of the workflows on which a step asks something of AWS about containers. */
export async function tracedContainers(world: TracedWorld, place: Place): Promise<void> {
  const breach = (revision: string, target: Target) => ({
    JudgeBake: () => world.count({ revision, target }, 1000, 900),
  });
  for (const target of ['fargate', 'ec2'] as const) {
    const model = `traced-${target}`;
    await world.run(await place(model, target, { rest: SCALED }));
    await world.run(await place(model, target, { rest: SCALED }));
    await each([
      async () => world.run(await place(model, target), breach(`${model}-v3`, target)),
      async () => {
        const broken = `placement: { target: ${target} }\n`;
        await world.run(await world.upload(model, unknownOperatorModel(), broken));
      },
    ]);
    await world.run(asked.rollback(model, null));
    // The second removes the first.
    for (let upload = 0; upload < 2; upload += 1) {
      await world.run(await place(model, target, { rollout: ', keepVersions: 1' }));
    }
    await world.run(asked.undeploy(model));
  }
  await each([
    async () =>
      world.run(await place('traced-first', 'fargate'), breach('traced-first-v1', 'fargate')),
    () => moves(world, place, breach),
    () => slowMoves(world, place),
  ]);
}

/** There and back again, each way once in vain. */
async function moves(
  world: TracedWorld,
  place: Place,
  breach: (revision: string, target: Target) => Before,
): Promise<void> {
  const model = 'traced-moving';
  await world.run(await place(model, 'lambda'));
  await world.run(await place(model, 'fargate'), breach(`${model}-v2`, 'fargate'));
  await world.run(await place(model, 'fargate'));
  await world.run(await place(model, 'lambda'), breach(`${model}-v4`, 'lambda'));
  await world.run(await place(model, 'lambda'));
  await world.run(asked.undeploy(model));
}

/** Clients come by the way that was left until the deployment is over: the next one takes that way away. */
async function slowMoves(world: TracedWorld, place: Place): Promise<void> {
  const model = 'traced-slow';
  const visited = (version: number, target: Target) => ({
    RetirePrevious: () => world.count({ revision: `${model}-v${version}`, target }, 1, 0),
  });
  await world.run(await place(model, 'lambda'));
  await world.run(await place(model, 'fargate'), visited(1, 'lambda'));
  await world.run(await place(model, 'fargate'));
  await world.run(await place(model, 'lambda'), visited(3, 'fargate'));
  await world.run(await place(model, 'lambda'));
}
