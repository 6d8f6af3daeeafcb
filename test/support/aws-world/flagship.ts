import { isDeepStrictEqual } from 'node:util';
import type { Target } from '#domain/placement/target.ts';
import { addConstantModel, unknownOperatorModel } from '../models/onnx.ts';
import { deploymentOf, EXPECTS_V1, placed, REQUEST, type RunningAws } from './scenarios.ts';
import { stateOf, toldOf } from './suite.ts';

/** Each of them is deployed over a first version that answers `x + 10`. */
const BROKEN = [
  {
    name: 'does not load',
    model: 'unloadable',
    bytes: unknownOperatorModel(),
    breach: async () => {},
    reason: /did not start/,
    state: 'Failed',
  },
  {
    name: 'answers wrong',
    model: 'wrong',
    bytes: addConstantModel({ constant: 20 }),
    manifest: EXPECTS_V1,
    breach: async () => {},
    reason: /the golden request got a wrong answer/,
    state: 'Failed',
  },
  {
    name: 'fails clients in its bake',
    model: 'breached',
    bytes: addConstantModel({ constant: 10, shape: ['rows'] }),
    breach: (world: RunningAws, revision: string, target: Target) =>
      world.count({ revision, target }, 100, 50),
    // Twice as many where a minute ended between the count and the look.
    reason: /(50 of 100|100 of 200) requests/,
    state: 'RolledBack',
  },
] as const;

type Broken = (typeof BROKEN)[number]['name'];

/** A broken version over one that serves: each of them, or those of these names. */
export function describeAwsFlagship(
  open: () => RunningAws,
  target: Target,
  names: readonly Broken[] = BROKEN.map(({ name }) => name),
): void {
  const chosen = BROKEN.filter(({ name }) => names.includes(name));
  it.each(chosen)(`${target}: goes on answering with v1 when v2 $name`, async (broken) => {
    const world = open();
    const { state } = broken;
    const model = `${broken.model}-${target}`;
    const first = placed(target);
    await world.run(await world.upload(model, addConstantModel({ constant: 10 }), first));
    const calls = callers(world, model);
    world.before('JudgeBake', () => broken.breach(world, `${model}-v2`, target));
    const manifest = placed(target, 'manifest' in broken ? broken.manifest : '');
    const event = await world.upload(model, broken.bytes, manifest);

    await world.run(event);
    const answers = await calls.stop();

    const revisions = [`${model}-v1`, ...(state === 'RolledBack' ? [`${model}-v2`] : [])];
    const expected = revisions.map((revision) => ({ status: 200, revision, data: [11, 12] }));
    expect(answers.length).toBeGreaterThan(5);
    expect(
      answers.filter((answer) => !expected.some((each) => isDeepStrictEqual(each, answer))),
    ).toEqual([]);
    expect(answers.at(-1)?.revision).toBe(`${model}-v1`);
    expect(await stateOf(world, event)).toMatchObject({
      live: `${model}-v1`,
      phase: state,
      hasEnded: true,
      unended: [],
      lease: 'free',
      versions: target === 'lambda' ? [`${model}-v1`] : [],
    });
    const { trouble } = (await world.registry.deployment(await deploymentOf(event)))!;
    expect(trouble?.reason).toMatch(broken.reason);
    expect((await toldOf(world, event)).at(-1)).toMatchObject({ state, reason: trouble?.reason });
  });
}

/** Clients that call a model as each step begins, during it, and as it ends, until they are stopped; returns the answers in the order of the requests. */
export function callers(world: RunningAws, model: string) {
  const asked: ReturnType<RunningAws['infer']>[] = [];
  const ask = () =>
    void asked.push(
      world
        .infer(model, REQUEST)
        .catch((error) => ({ status: 0, revision: String(error), data: [] })),
    );
  const stopListening = world.onStep(ask);
  return {
    async stop() {
      stopListening();
      await Promise.all(asked);
      ask();
      return Promise.all(asked);
    },
  };
}
