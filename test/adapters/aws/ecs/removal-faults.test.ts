import {
  DeregisterTaskDefinitionCommand,
  ECSClient,
  ListTaskDefinitionsCommand,
} from '@aws-sdk/client-ecs';
import { DRAIN_SECONDS } from '#adapters/aws/ecs/settings.ts';
import type { Platform, RevisionSpec } from '#ports/platform.ts';
import { ecsWorld, LAST_WORDS } from '../../../support/aws/ecs.ts';
import { itBearsFaults, itBearsFaultsInOneAccount } from '../../../support/aws/fault-matrix.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { retry } from '../../../support/aws/retry.ts';
import type { AnyClient } from '../../../support/aws/rules/rules.ts';

const EPOCH = 1;
const LONG = { waitMs: 120_000 };
const SCHEDULES = [{ days: ['mon' as const], at: '08:00', timeZone: 'UTC', min: 2 }];
const SCALING = { min: 1, max: 3, requestsPerMinute: 600, schedules: SCHEDULES };

type World = Awaited<ReturnType<typeof ecsWorld>>;
type Deed = {
  readonly deed: string;
  readonly target: 'fargate' | 'ec2';
  readonly fate?: 'crashes';
  /** The preparation before the deed, with an existing revision. */
  prepare(world: World, spec: RevisionSpec): Promise<unknown>;
  run(platform: Platform, spec: RevisionSpec): Promise<unknown>;
};

const nothing = async () => undefined;
const end = async (on: Platform, { revision, model }: Pick<RevisionSpec, 'revision' | 'model'>) => {
  await on.remove(revision, EPOCH);
  await on.forget(model, EPOCH);
};

/** Another model's revision, which needs the same capacity. */
async function beside({ platform, spec }: World): Promise<void> {
  const other = spec('serves', { model: 'letters', revision: 'letters-v1' });
  await platform.create(other, EPOCH);
  await platform.describe(other.revision, LONG);
}

/** Leaves the state of a removal that ended before it had deleted the definitions that it deregistered. */
async function halfRemoved(world: World, { revision }: RevisionSpec): Promise<void> {
  await beside(world);
  await world.platform.retire(revision, EPOCH);
  const ecs = world.client(ECSClient);
  const list = new ListTaskDefinitionsCommand({ familyPrefix: `slipway-test-ec2-${revision}` });
  const { taskDefinitionArns = [] } = await ecs.send(list);
  for (const taskDefinition of taskDefinitionArns) {
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
  }
}

const DEEDS: readonly Deed[] = [
  { deed: 'the end of a model', target: 'ec2', prepare: nothing, run: end },
  {
    deed: 'the end of a model beside another',
    target: 'ec2',
    prepare: halfRemoved,
    run: (on, { model }) => on.forget(model, EPOCH),
  },
  {
    deed: 'a list of revisions',
    target: 'ec2',
    prepare: beside,
    run: (on) => on.revisions(),
  },
  {
    deed: 'the time to drain',
    target: 'fargate',
    prepare: nothing,
    run: async (on, { revision }) => expect(await on.drainSeconds(revision)).toBe(DRAIN_SECONDS),
  },
  {
    deed: 'a look at what has failed',
    target: 'fargate',
    fate: 'crashes',
    prepare: nothing,
    async run(on, { revision }) {
      const { kind, ...why } = await on.describe(revision, LONG);
      // Each look lets one more task end.
      expect(why).toEqual({
        reason: expect.stringMatching(
          /^its server exited \d+ times, the last time with exit code 1/,
        ),
        logTail: [LAST_WORDS],
      });
      return kind;
    },
  },
];

describeOnMoto('ecsPlatform on moto', (moto) => {
  for (const { deed, target, fate = 'serves', prepare, run } of DEEDS) {
    const open = () => ecsWorld(moto(), target);
    const inAccount = async (world: World) => {
      const { platform } = world;
      const spec = world.spec(fate, { scaling: SCALING });
      await retry(() => platform.create(spec, EPOCH));
      await platform.describe(spec.revision, LONG);
      await prepare(world, spec);
      return {
        deed: (outer: (client: AnyClient) => void) =>
          run(world.platformOver({ maxAttempts: 1, outer }), spec),
        async left() {
          const inventory = await world.inventory();
          const { kind } = await platform.describe(spec.revision, LONG);
          await end(platform, spec);
          for (const other of await platform.revisions()) await end(platform, other);
          return { inventory, kind, removed: await world.inventory() };
        },
      };
    };
    // A crash's output stays in the log and would show in the next run, so each run gets a new account.
    if (fate === 'crashes') itBearsFaults(deed, async () => inAccount(await open()));
    else itBearsFaultsInOneAccount(deed, { open, prepare: inAccount });
  }
});
