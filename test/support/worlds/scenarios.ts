import { type Call, recording } from '../faults/faults.ts';
import { addConstantModel } from '../models/onnx.ts';
import { complaints, endings } from './complaints.ts';
import { answersRight, answersWrong, MODEL, memoryWorld, type Start } from './memory.ts';
import { promotion } from './promotion.ts';
import { type VirtualWorkflow, virtualWorkflow } from './virtual-workflow.ts';

export type Scenario = {
  readonly name: string;
  /** How its deployment ends. */
  readonly ends: string;
  /** Makes the world ready; returns the request to be made in it. */
  prepare(world: VirtualWorkflow): Promise<Start>;
};

const SAME = addConstantModel({ constant: 77 });
const ON_FARGATE = 'placement: { target: fargate }';

export const UPGRADE: Scenario = {
  name: 'an upgrade',
  ends: 'Live',
  async prepare(world) {
    await world.deploy();
    return world.upload();
  },
};

export const ROLLBACK: Scenario = {
  name: 'a rollback',
  ends: 'Live',
  async prepare(world) {
    await world.deploy(world.upload({ manifest: ON_FARGATE }));
    await world.deploy();
    return world.rollback();
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
    name: 'a promotion',
    ends: 'Live',
    async prepare(world) {
      await world.deploy();
      const staging = memoryWorld({ engine: world.deps.engine });
      await staging.deploy(staging.upload({ bytes: SAME }));
      return promotion(staging, world);
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
    name: 'a failed build of an environment',
    ends: 'Failed',
    async prepare(world) {
      await world.deploy();
      // The image of the environment expires by its age.
      world.environments.expire('onnx-environment-1');
      world.builds.fail(['could not resolve host']);
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
  {
    name: 'an upgrade in steps on Fargate',
    ends: 'Live',
    async prepare(world) {
      await world.deploy(world.upload({ manifest: ON_FARGATE }));
      return world.upload({ manifest: `${ON_FARGATE}\nrollout: { steps: [10, 50, 100] }` });
    },
  },
  {
    name: 'a breach in the first step of a canary',
    ends: 'RolledBack',
    async prepare(world) {
      await world.deploy(world.upload({ manifest: ON_FARGATE }));
      failsWithTraffic(world, 'digits-v2');
      return world.upload();
    },
  },
  {
    name: 'a move from Lambda to EC2',
    ends: 'Live',
    async prepare(world) {
      await world.deploy();
      return world.upload({ manifest: 'placement: { target: ec2 }' });
    },
  },
  ROLLBACK,
  {
    name: 'a rollback to a version that fails',
    ends: 'RolledBack',
    async prepare(world) {
      const rollback = await ROLLBACK.prepare(world);
      failsWithTraffic(world, 'digits-v1');
      return rollback;
    },
  },
  {
    name: 'a repair',
    ends: 'Live',
    async prepare(world) {
      await world.deploy(world.upload({ manifest: ON_FARGATE }));
      return world.rollback(null, 'repair');
    },
  },
  {
    name: 'an undeploy',
    ends: 'Undeployed',
    async prepare(world) {
      await world.deploy();
      await world.deploy(world.upload({ manifest: ON_FARGATE }));
      return world.undeploy();
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

/** Every call that the scenario makes of a port, in order; of the probes that follow each other the first and the last. */
export async function callsOf({ prepare }: Scenario): Promise<readonly Call[]> {
  const calls: Call[] = [];
  const world = slowWorld();
  const event = await prepare(world);
  world.tap(recording(calls, world.states));
  await world.run(event);
  const isProbe = (call: Call | undefined) => call?.method === 'prober.send';
  return calls.filter(
    (call, at) => !isProbe(call) || !isProbe(calls[at - 1]) || !isProbe(calls[at + 1]),
  );
}

/** The violations after a scenario: in the world, in how it ended, or in the next upload. */
export async function faultsAfter(
  world: VirtualWorkflow,
  { ends }: Scenario,
): Promise<readonly string[]> {
  world.tap((_, call) => call());
  world.builds.fail([]);
  const found = [...(await complaints(world)), ...world.outages];
  const last = endings(await world.told()).at(-1);
  const live = (await world.registry.model(MODEL))?.live?.revision;
  const idle = world.running().filter((revision) => revision !== live);
  const next = await world.deploy().catch((error: unknown) => String(error));
  return [
    ...found,
    ...idle.map((revision) => `${revision} is still running`),
    ...(last === ends ? [] : [`it has ended as ${last}`]),
    ...(typeof next === 'string' ? [`the next upload: ${next}`] : []),
  ];
}
