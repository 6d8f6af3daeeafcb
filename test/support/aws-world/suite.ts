import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Start } from '../worlds/memory-way.ts';
import { type Run, retried, withOneLook } from './paths.ts';
import { AWS_SCENARIOS, deploymentOf, MODEL, REQUEST, type RunningAws } from './scenarios.ts';
import type { AwsWorld } from './world.ts';

// Far below Step Functions' 256 KiB, so that a larger model never gets near it.
const MOST_PAYLOAD_BYTES = 32_768;
// A tenth of the events that an execution may have. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MOST_EVENTS = 2_500;

/** The same inputs take the same path, whatever runs the workflow. */
export function describeAwsScenarios(open: () => RunningAws): void {
  it.each(AWS_SCENARIOS)('$name', async (scenario) => {
    const world = open();
    scenario.prepare?.(world);
    const event = await world.upload(MODEL, scenario.bytes, scenario.manifest);

    const run = await world.run(event);

    expect({ states: withOneLook(run.states), retried: retried(run.attempts) }).toEqual({
      states: scenario.states,
      retried: scenario.retried,
    });
    expectSmall(scenario.name, run);
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

/** Prints the sizes of a run's payloads and history, and checks them against their limits. */
export function expectSmall(name: string, { payloadBytes, historyEvents }: Run): void {
  process.stdout.write(`${name}: largest payload ${payloadBytes} bytes, ${historyEvents} events\n`);
  expect(payloadBytes).toBeLessThan(MOST_PAYLOAD_BYTES);
  expect(historyEvents).toBeLessThan(MOST_EVENTS);
}

/** The remains of a deployment and its model, once its execution is over. */
export async function stateOf(world: AwsWorld, start: Start) {
  const { registry } = world;
  const deployment = await registry.deployment(await deploymentOf(start));
  const model = deployment?.model ?? '';
  const live = (await registry.model(model))?.live;
  const route = await world.route(model);
  const isFunction = live?.target === 'lambda';
  return {
    live: live?.revision,
    phase: deployment?.phase,
    hasEnded: typeof deployment?.endedAtMs === 'number',
    unended: (await registry.unended()).map(({ id }) => id),
    lease: (await world.leaseHolder(model)) ? 'held' : 'free',
    versions: isFunction ? await world.versions(model) : [],
    weights: isFunction
      ? (await world.alias(model)).weights
      : await world.containers.weights(model),
    route: {
      authorizationType: route?.authorizationType,
      apiKeyRequired: route?.apiKeyRequired,
    },
  };
}

/** A deployment's events on the bus, in the order in which they came; each one matches its documented form. */
export async function toldOf(world: AwsWorld, start: Start) {
  const id = await deploymentOf(start);
  const events = await world.events();
  for (const { source, 'detail-type': type, detail } of events) {
    expect([isDocumented({ source, 'detail-type': type, detail }), isDocumented.errors]).toEqual([
      true,
      null,
    ]);
  }
  return events.map(({ detail }) => detail).filter(({ deploymentId }) => deploymentId === id);
}

const schema = JSON.parse(
  readFileSync(new URL('../../../docs/event.schema.json', import.meta.url), 'utf8'),
);
const isDocumented = new Ajv2020({ formats: { 'date-time': true } }).compile(schema);
