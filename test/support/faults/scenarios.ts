import { TARGETS, type Target } from '#domain/placement/target.ts';
import type { StepName } from '#domain/workflow.ts';
import { answersWrong, type Start, type WorldOptions } from '../worlds/memory.ts';
import { failsWithTraffic, SCENARIOS } from '../worlds/scenarios.ts';
import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';
import { clientsOf } from './clients.ts';

/** The work that is done on one target while faults hit it. */
export type FaultScenario = {
  readonly name: string;
  readonly target: Target;
  /** How its deployment ends without a fault. */
  readonly ends: string;
  /** A revision that answers wrong, at once, under traffic or for a while. */
  readonly bad?: string;
  /** The states whose calls get the faults; all without a word. */
  readonly within?: readonly StepName[];
  /** How the world differs from that of the matrix. */
  readonly world?: WorldOptions;
  /** Makes the world ready; returns the request to be made in it. */
  prepare(world: VirtualWorkflow): Promise<Start>;
};

const MOVES_TO = { lambda: 'fargate', fargate: 'lambda', ec2: 'lambda' } as const;

/** Two steps with a bake of two looks each: every state and loop of the workflow, in few calls. */
export function manifestOf(target: Target): Written {
  return written(target, 'steps: [50, 100], bakeSeconds: 40');
}

/** All at once and with a bake of one look: for versions without a fault. */
export function plainManifestOf(target: Target): Written {
  return written(target, 'steps: [100], bakeSeconds: 0');
}

type Written = { readonly manifest: string };

const written = (target: Target, rollout: string): Written => ({
  manifest: `placement: { target: ${target} }\nrollout: { ${rollout}, keepVersions: 1 }`,
});

const kept = ({ manifest }: Written): Written => ({ manifest: `${manifest}\ncapture: {}` });

const ON_ONE = [
  ...['a breach of a first deployment', 'a bad artifact', 'a failed build'],
  ...['a failed build of an environment', 'a promotion', 'a repair'],
  ...['the bytes that are live', 'an upload that comes late', 'a rollback'],
  'a rollback to a version that fails',
];

/** Scenarios that do not depend on the target, run on one. */
export const OTHER_SCENARIOS: readonly FaultScenario[] = SCENARIOS.filter(({ name }) =>
  ON_ONE.includes(name),
).map((scenario) => ({ ...scenario, target: 'lambda' }));

type OnEach = Omit<FaultScenario, 'target'>;

/** A first deployment, an upgrade, one that fails under traffic, one that answers wrong from the start, a rollback, a move to the other mechanism, and an undeploy. */
export function scenariosOn(target: Target): readonly FaultScenario[] {
  const manifest = manifestOf(target);
  const plain = plainManifestOf(target);
  const live = async (world: VirtualWorkflow, versions: number) => {
    for (let made = 0; made < versions; made += 1) await world.deploy(world.upload(plain));
  };
  const upgrade = async (world: VirtualWorkflow) => {
    await live(world, 1);
    return world.upload(manifest);
  };
  const bad = 'digits-v2';

  const scenarios: readonly OnEach[] = [
    { name: 'first', ends: 'Live', prepare: async (world) => world.upload(manifest) },
    {
      // The third version: the first is taken away.
      name: 'upgrade',
      ends: 'Live',
      async prepare(world) {
        await live(world, 2);
        return world.upload(manifest);
      },
    },
    {
      name: 'failed upgrade',
      ends: 'RolledBack',
      bad,
      prepare(world) {
        failsWithTraffic(world, bad);
        return upgrade(world);
      },
    },
    {
      name: 'rollback',
      ends: 'Live',
      async prepare(world) {
        await live(world, 2);
        return world.rollback();
      },
    },
    {
      name: 'unhealthy upgrade',
      ends: 'Failed',
      bad,
      prepare(world) {
        world.behave(bad, answersWrong);
        return upgrade(world);
      },
    },
    {
      name: 'move',
      ends: 'Live',
      async prepare(world) {
        await live(world, 1);
        return world.upload(manifestOf(MOVES_TO[target]));
      },
    },
    {
      name: 'undeploy',
      ends: 'Undeployed',
      async prepare(world) {
        await live(world, 2);
        return world.undeploy();
      },
    },
  ];
  return scenarios.map((scenario) => ({ ...scenario, target }));
}

/** Their other calls are those of any upgrade. */
const WITH_KEPT_REQUESTS: readonly StepName[] = ['ProvisionLambda', 'CompareAnswers', 'JudgeBake'];

/** Upgrades that clients ask meanwhile, whose kept requests are judged: the first version answers all of them as before, the other one only what they asked before the shift. */
const ASKED_BY_CLIENTS: readonly FaultScenario[] = [
  {
    within: WITH_KEPT_REQUESTS,
    name: 'an upgrade that answers clients as before',
    target: 'lambda',
    ends: 'Live',
    async prepare(world) {
      clientsOf(world, 1);
      await world.deploy(world.upload(kept(plainManifestOf('lambda'))));
      return world.upload(kept(manifestOf('lambda')));
    },
  },
  {
    within: WITH_KEPT_REQUESTS,
    name: 'an upgrade that answers clients otherwise',
    target: 'lambda',
    ends: 'RolledBack',
    bad: 'digits-v2',
    async prepare(world) {
      const clients = clientsOf(world, 10);
      await world.deploy(world.upload(kept(plainManifestOf('lambda'))));
      await clients.ask(1);
      return world.upload(kept(manifestOf('lambda')));
    },
  },
];

export const FAULT_SCENARIOS: readonly FaultScenario[] = [
  ...TARGETS.flatMap(scenariosOn),
  ...OTHER_SCENARIOS,
  ...ASKED_BY_CLIENTS,
];
