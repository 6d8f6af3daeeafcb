import { isDeepStrictEqual } from 'node:util';
import { deploymentId } from '#domain/deployment.ts';
import type { ObjectCreated } from '#domain/workflow.ts';
import type { AwsWorld } from './aws-world.ts';
import { type Run, retried } from './aws-world-paths.ts';
import {
  AWS_SCENARIOS,
  EXPECTS_V1,
  MODEL,
  REQUEST,
  type RunningAws,
} from './aws-world-scenarios.ts';
import { addConstantModel, unknownOperatorModel } from './onnx-models.ts';

// Far below Step Functions' 256 KiB, so that a larger model never gets near it.
const MOST_PAYLOAD_BYTES = 32_768;
// A tenth of what an execution may have. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MOST_EVENTS = 2_500;

/** Each of them is put over a first version that answers `x + 10`. */
const BROKEN = [
  {
    name: 'does not load',
    model: 'unloadable',
    bytes: unknownOperatorModel(),
    prepare: async () => {},
    reason: /did not start/,
    state: 'Failed',
  },
  {
    name: 'answers wrong',
    model: 'wrong',
    bytes: addConstantModel({ constant: 20 }),
    manifest: EXPECTS_V1,
    prepare: async () => {},
    reason: /the golden request was answered wrong/,
    state: 'Failed',
  },
  {
    name: 'fails clients in its bake',
    model: 'breached',
    bytes: addConstantModel({ constant: 10, shape: [2] }),
    prepare: (world: RunningAws) => world.countErrors('breached', '2', 100, 50),
    reason: /100 requests/,
    state: 'RolledBack',
  },
];

/** The same inputs take the same path, whatever runs the workflow. */
export function describeAwsScenarios(open: () => RunningAws): void {
  it.each(AWS_SCENARIOS)('$name', async (scenario) => {
    const world = open();
    scenario.prepare?.(world);
    const event = await world.upload(MODEL, scenario.bytes, scenario.manifest);

    const run = await world.run(event);

    expect({ states: run.states, retried: retried(run.attempts) }).toEqual({
      states: scenario.states,
      retried: scenario.retried,
    });
    expect(run.payloadBytes).toBeLessThan(MOST_PAYLOAD_BYTES);
    expect(run.historyEvents ?? 0).toBeLessThan(MOST_EVENTS);
    report(scenario.name, run);
    expect(await world.infer(MODEL, REQUEST)).toEqual({ status: 200, ...scenario.serves });
    expect(await stateOf(world, event)).toEqual({
      live: scenario.serves.revision,
      phase: scenario.states.at(-1),
      hasEnded: true,
      unended: [],
      lease: 'free',
      versions: scenario.versions,
      weights: {},
      route: { authorizationType: 'CUSTOM', apiKeyRequired: true },
    });
    const told = await toldOf(world, event);
    expect(told.map(({ state }) => state)).toEqual(scenario.told);
    const end = told.find(({ state }) => state === scenario.states.at(-1));
    expect(end?.reason).toMatch(scenario.reason);
    expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(told.length);
  });
}

/** A broken version over one that serves. */
export function describeAwsFlagship(open: () => RunningAws): void {
  it.each(BROKEN)('goes on answering with v1 when v2 $name', async (broken) => {
    const { model, bytes, manifest, state } = broken;
    const world = open();
    await world.run(await world.upload(model, addConstantModel({ constant: 10 })));
    const calls = callers(world, model);
    await broken.prepare(world);
    const event = await world.upload(model, bytes, manifest);

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
      ...{ live: `${model}-v1`, phase: state, hasEnded: true, unended: [], lease: 'free' },
      ...{ versions: [`${model}-v1`], weights: {} },
    });
    const { trouble } = (await world.registry.deployment(await idOf(event)))!;
    expect(trouble?.reason).toMatch(broken.reason);
    expect((await toldOf(world, event)).at(-1)).toMatchObject({ state, reason: trouble?.reason });
  });
}

/** Calls a model without a pause until it is stopped; answers what came. */
function callers(world: RunningAws, model: string) {
  const answers: Awaited<ReturnType<RunningAws['infer']>>[] = [];
  let isOver = false;
  const call = async () => {
    while (!isOver) answers.push(await world.infer(model, REQUEST));
  };
  const calling = call();
  return {
    async stop() {
      isOver = true;
      await calling;
      return [...answers, await world.infer(model, REQUEST)];
    },
  };
}

function report(name: string, { payloadBytes, historyEvents }: Run): void {
  const events = historyEvents === undefined ? '' : `, ${historyEvents} events`;
  process.stdout.write(`${name}: largest payload ${payloadBytes} bytes${events}\n`);
}

/** What is left of a deployment, and of its model, once its execution is over. */
export async function stateOf(world: AwsWorld, event: ObjectCreated) {
  const { registry } = world;
  const deployment = await registry.deployment(await idOf(event));
  const model = deployment?.model ?? '';
  const live = (await registry.model(model))?.live;
  const route = await world.route(model);
  return {
    live: live?.revision,
    phase: deployment?.phase,
    hasEnded: typeof deployment?.endedAtMs === 'number',
    unended: (await registry.unended()).map(({ id }) => id),
    lease: (await world.leaseHolder(model)) ? 'held' : 'free',
    versions: await world.versions(model),
    weights: (await world.alias(model)).weights,
    route: {
      authorizationType: route?.authorizationType,
      apiKeyRequired: route?.apiKeyRequired,
    },
  };
}

/** What came out of the bus about a deployment, in the order in which it came. */
export async function toldOf(world: AwsWorld, event: ObjectCreated) {
  const id = await idOf(event);
  return (await world.told()).filter(({ deploymentId }) => deploymentId === id);
}

async function idOf({ detail: { bucket, object } }: ObjectCreated): Promise<string> {
  return deploymentId(bucket.name, object.key, object['version-id'] ?? '');
}
