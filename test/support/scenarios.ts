import type { ObjectCreated } from '#domain/workflow.ts';
import { complaints, endings } from './complaints.ts';
import { type Call, recording } from './faults.ts';
import { answersRight, answersWrong, MODEL } from './memory-world.ts';
import { addConstantModel } from './onnx-models.ts';
import { type VirtualWorkflow, virtualWorkflow } from './virtual-workflow.ts';

export type Scenario = {
  readonly name: string;
  /** How its deployment ends. */
  readonly ends: string;
  /** Makes the world ready; answers the event of the upload to deploy. */
  prepare(world: VirtualWorkflow): Promise<ObjectCreated>;
};

const SAME = addConstantModel({ constant: 77 });

export const UPGRADE: Scenario = {
  name: 'an upgrade',
  ends: 'Live',
  async prepare(world) {
    await world.deploy();
    return world.upload();
  },
};

export const SCENARIOS: readonly Scenario[] = [
  { name: 'a first deployment', ends: 'Live', prepare: async (world) => world.upload() },
  UPGRADE,
  {
    name: 'an unhealthy version',
    ends: 'Failed',
    async prepare(world) {
      await world.deploy();
      world.behave('digits-v2', answersWrong);
      return world.upload();
    },
  },
  {
    name: 'a breach in the bake',
    ends: 'RolledBack',
    async prepare(world) {
      await world.deploy();
      failsWithTraffic(world, 'digits-v2');
      return world.upload();
    },
  },
  {
    name: 'a breach of a first deployment',
    ends: 'RolledBack',
    async prepare(world) {
      failsWithTraffic(world, 'digits-v1');
      return world.upload();
    },
  },
  {
    name: 'a bad artifact',
    ends: 'Rejected',
    async prepare(world) {
      await world.deploy();
      return world.upload({ bytes: Buffer.from('no model at all') });
    },
  },
  {
    name: 'a failed build',
    ends: 'Failed',
    async prepare(world) {
      await world.deploy();
      world.builds.fail(['no space left on device']);
      return world.upload();
    },
  },
  {
    name: 'the bytes that are live',
    ends: 'Ignored',
    async prepare(world) {
      await world.deploy(world.upload({ bytes: SAME }));
      return world.upload({ bytes: SAME });
    },
  },
  {
    name: 'an upload that comes late',
    ends: 'Superseded',
    async prepare(world) {
      const late = world.upload();
      await world.deploy();
      return late;
    },
  },
];

/** Answers right until clients reach it. */
export function failsWithTraffic(world: VirtualWorkflow, revision: string): void {
  const hasTraffic = () => Object.hasOwn(world.router.dataPlane(MODEL), revision);
  world.behave(revision, (asked) => (hasTraffic() ? answersWrong : answersRight)(asked));
}

/** A world where images are built, and starting and spreading take a while. */
export function slowWorld(): VirtualWorkflow {
  return virtualWorkflow({ engine: 'image', pendingMs: 1500, spreadMs: 1500 });
}

/** Every call that the scenario makes of a port, in order. */
export async function callsOf({ prepare }: Scenario): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const world = slowWorld();
  const event = await prepare(world);
  world.tap(recording(calls, world.states));
  await world.run(event);
  return calls;
}

/** What is wrong after a scenario: with the world, with how it ended, or for the next upload. */
export async function faultsAfter(
  world: VirtualWorkflow,
  { ends }: Scenario,
): Promise<readonly string[]> {
  world.tap((_, call) => call());
  world.builds.fail([]);
  const found = [...(await complaints(world)), ...world.outages];
  const last = endings(await world.told()).at(-1);
  const live = (await world.registry.model(MODEL))?.live?.revision;
  const idle = world.lambda.running().filter((revision) => revision !== live);
  const next = await world.deploy().catch((error: unknown) => String(error));
  return [
    ...found,
    ...idle.map((revision) => `${revision} is still running`),
    ...(last === ends ? [] : [`it has ended as ${last}`]),
    ...(typeof next === 'string' ? [`the next upload: ${next}`] : []),
  ];
}
