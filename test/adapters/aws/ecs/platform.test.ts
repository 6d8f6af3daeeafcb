import type { DescribeTaskDefinitionCommandOutput, ECSClient } from '@aws-sdk/client-ecs';
import {
  CreateRuleCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DRAIN_SECONDS } from '#adapters/aws/ecs/settings.ts';
import { targetGroupName } from '#adapters/aws/ecs/target-group-name.ts';
import { readRules, testRulePath } from '#adapters/aws/ecs/test-rule.ts';
import { TAG } from '#adapters/aws/tags.ts';
import { describePlatform } from '../../../contracts/platform.ts';
import { ecsWorld, LAST_WORDS } from '../../../support/aws/ecs.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { retry } from '../../../support/aws/retry.ts';
import { addMiddleware, awsError } from '../../../support/aws/rules/rules.ts';

const EPOCH = 1;
const LONG = { waitMs: 120_000 };
const AT_ONCE = { waitMs: 0 };
const DRAINING = { status: 'DRAINING', runningCount: 1 };
const PROVISIONING = { status: 'PROVISIONING' };

describeOnMoto('ecsPlatform on moto', (moto) => {
  describe.each(['fargate', 'ec2'] as const)('for %s', (target) => {
    describePlatform(`ecsPlatform for ${target}`, async () => {
      const world = await ecsWorld(moto(), target);
      return {
        platform: world.platform,
        endsLateStarts: false,
        // No API shows how many requests a task has.
        idleDrainSeconds: DRAIN_SECONDS,
        busyDrainSeconds: DRAIN_SECONDS,
        lastWords: LAST_WORDS,
        spec: (fate, over) => world.spec(fate === 'fails' ? 'crashes' : fate, over),
        request: async () => () => undefined,
        starts: world.starts,
        close: async () => {},
      };
    });
  });

  it.each([
    { fate: 'no quota', kind: 'failed', says: 'limit on the number of vCPUs' },
    { fate: 'no image', kind: 'failed', says: 'CannotPullContainerError' },
    { fate: 'no capacity', kind: 'pending', says: 'Capacity is unavailable' },
    { fate: 'hangs', kind: 'pending', says: '1 of 1 tasks are running, 0 are healthy' },
  ] as const)('tells a revision apart for which there is $fate', async ({ fate, kind, says }) => {
    const { platform, spec } = await ecsWorld(moto());
    const { revision } = await created(platform, spec(fate));

    const state = await platform.describe(revision, LONG);

    expect(state).toMatchObject({ kind, reason: expect.stringContaining(says) });
  });

  it('fails a revision that is up and down, though its tasks run', async () => {
    const world = await ecsWorld(moto());
    const { revision } = await created(world.platform, world.spec('serves'));
    await world.platform.describe(revision, LONG);
    world.services.turn(revision, 'crashes');
    for (let look = 0; look < 3; look += 1) await world.platform.describe(revision, AT_ONCE);

    const state = await world.platform.describe(revision, AT_ONCE);

    expect(state).toMatchObject({ kind: 'failed', logTail: [LAST_WORDS] });
  });

  it.each([
    'RegisterTaskDefinition',
    'CreateTargetGroup',
    'CreateRule',
    'CreateService',
    'CreateCapacityProvider',
  ])('goes on where a creation ended before its %s', async (stop) => {
    const world = await ecsWorld(moto(), 'ec2');
    const spec = world.spec('serves');
    const dying = world.platformOver({
      outer: (client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName === `${stop}Command`) throw new Error('the step ended here');
          return next(args);
        }),
    });
    await expect(dying.create(spec, EPOCH)).rejects.toThrow('the step ended here');

    await world.platform.create(spec, EPOCH);

    expect(await world.platform.describe(spec.revision, LONG)).toEqual({ kind: 'ready' });
    expect(await world.inventory()).toMatchObject({
      targetGroups: 1,
      rules: 1,
      activeDefinitions: 1,
      services: 1,
      providers: 1,
    });
  });

  it('ends a retirement that was cut off before it starts the revision again', async () => {
    const world = await ecsWorld(moto());
    const spec = await created(world.platform, world.spec('serves'));
    const dying = world.platformOver({
      outer: (client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName === 'DeleteTargetGroupCommand') throw new Error('the step ended here');
          return next(args);
        }),
    });
    await expect(dying.retire(spec.revision, EPOCH)).rejects.toThrow('the step ended here');

    await world.platform.create(spec, EPOCH);

    expect(await world.platform.describe(spec.revision, LONG)).toEqual({ kind: 'ready' });
    expect(await world.inventory()).toMatchObject({ targetGroups: 1, rules: 1, services: 1 });
  });

  it('keeps only a definition of a retired revision, and nothing of a removed one', async () => {
    const world = await ecsWorld(moto(), 'ec2');
    const before = await world.inventory();
    const { revision } = await created(world.platform, world.spec('serves'));
    await world.platform.describe(revision, LONG);

    await world.platform.retire(revision, EPOCH);
    const retired = await world.inventory();
    await world.platform.remove(revision, EPOCH);
    await world.platform.forget('digits', 1);

    expect(retired).toMatchObject({ targetGroups: 0, rules: 0, services: 0, activeDefinitions: 1 });
    expect(await world.inventory()).toEqual(before);
  });

  it.each(['retire', 'remove'] as const)(
    'does not %s a revision that clients are sent to',
    async (deed) => {
      const world = await ecsWorld(moto());
      const { revision } = await created(world.platform, world.spec('serves'));
      await world.platform.describe(revision, LONG);
      await world.route('digits', revision);

      const removal = world.platform[deed](revision, EPOCH);

      await expect(removal).rejects.toMatchObject({ name: 'PlatformUnavailable' });
      expect(await world.platform.describe(revision, AT_ONCE)).toEqual({ kind: 'ready' });
    },
  );

  it('leaves a target group alone that somebody else has under its name', async () => {
    const world = await ecsWorld(moto());
    const Name = targetGroupName('test', 'digits-v1');
    const foreign = { Name, Protocol: 'HTTP', Port: 80, VpcId: world.settings.vpc } as const;
    await world.client(ElasticLoadBalancingV2Client).send(new CreateTargetGroupCommand(foreign));

    const creation = world.platform.create(world.spec('serves'), EPOCH);
    await expect(creation).rejects.toMatchObject({ name: 'RevisionFailed' });
    await world.platform.remove('digits-v1', EPOCH);

    expect(await world.inventory()).toMatchObject({ targetGroups: 1, activeDefinitions: 0 });
  });

  it('leaves a rule alone that somebody else has with its test path, and proves nothing by it', async () => {
    const world = await ecsWorld(moto());
    const elb = world.client(ElasticLoadBalancingV2Client);
    const { TargetGroups } = await elb.send(
      new CreateTargetGroupCommand({
        Name: 'other',
        Protocol: 'HTTP',
        Port: 80,
        VpcId: world.settings.vpc,
      }),
    );
    const Values = [`${testRulePath('digits-v1')}/*`];
    const { Rules } = await elb.send(
      new CreateRuleCommand({
        ListenerArn: world.settings.listener,
        Priority: 7,
        Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values } }],
        Actions: [{ Type: 'forward', TargetGroupArn: TargetGroups![0]!.TargetGroupArn }],
      }),
    );

    const creation = world.platform.create(world.spec('serves'), EPOCH);
    await expect(creation).rejects.toMatchObject({
      name: 'RevisionFailed',
      message: `${Rules![0]!.RuleArn} has the test path of digits-v1`,
    });
    await world.platform.remove('digits-v1', EPOCH);

    const left = await readRules(elb, world.settings.listener);
    expect(left.filter(({ IsDefault }) => !IsDefault)).toEqual([
      expect.objectContaining({ RuleArn: Rules![0]!.RuleArn }),
    ]);
    expect(await world.inventory()).toMatchObject({ activeDefinitions: 0, services: 0 });
  });

  it('shares a capacity provider between models that need the same, and keeps it for the other', async () => {
    const world = await ecsWorld(moto(), 'ec2');
    const first = await created(world.platform, world.spec('serves'));
    const second = await created(world.platform, world.spec('serves', { model: 'letters' }));
    await world.platform.describe(second.revision, LONG);

    await world.platform.remove(first.revision, EPOCH);
    await world.platform.forget('digits', 1);

    expect(world.managed.providers()).toHaveLength(1);
    expect(await world.platform.describe(second.revision, AT_ONCE)).toEqual({ kind: 'ready' });
  });

  it('is ready while a service that has grown is not full yet', async () => {
    const world = await ecsWorld(moto());
    const spec = await created(world.platform, world.spec('serves'));
    await world.platform.describe(spec.revision, LONG);
    world.services.resize(spec.revision, 5);
    world.services.turn(spec.revision, 'no capacity');

    expect(await world.platform.describe(spec.revision, AT_ONCE)).toEqual({ kind: 'ready' });
  });

  it.each([
    { of: 'as many tasks as the live revision has grown to', max: 10, begins: 5 },
    { of: 'no more than its own maximum', max: 3, begins: 3 },
    { of: 'its own minimum, if that is more', min: 7, max: 10, begins: 7 },
  ])('begins with $of', async ({ min = 1, max, begins }) => {
    const world = await ecsWorld(moto());
    const live = await created(world.platform, world.spec('serves'));
    await world.route('digits', live.revision);
    world.services.resize(live.revision, 5);
    const scaling = { min, max, requestsPerMinute: 600, schedules: [] };
    const next = world.spec('serves', { revision: 'digits-v2', scaling });

    await world.platform.create(next, EPOCH);

    expect(await world.platform.describe(next.revision, LONG)).toEqual({ kind: 'ready' });
    expect(await world.starts(next.revision)).toBe(begins);
  });

  it.each([
    {
      command: 'RegisterScalableTargetCommand',
      name: 'ValidationException',
      message: "ECS service doesn't exist: service/slipway-test/digits-v1",
    },
    {
      command: 'PutScalingPolicyCommand',
      name: 'ObjectNotFoundException',
      message: 'No scalable target registered for service namespace: ecs',
    },
  ])('is made later where $command is told: $message', async ({ command, name, message }) => {
    const world = await ecsWorld(moto());
    const scaling = { min: 1, max: 3, requestsPerMinute: 600, schedules: [] };
    const spec = world.spec('serves', { scaling });
    let refusals = 2;
    const platform = world.platformOver({
      outer: (client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName !== command || refusals === 0) return next(args);
          refusals -= 1;
          throw awsError({ name, message, status: 400 });
        }),
    });

    await retry(() => platform.create(spec, EPOCH));

    expect(await world.inventory()).toMatchObject({ scalableTargets: 1, policies: 1 });
  });

  it('lets all waits of a creation end together', async () => {
    const world = await ecsWorld(moto(), 'ec2');
    const spec = await created(world.platform, world.spec('serves'));
    world.services.resize(spec.revision, 0);
    const startedMs = world.clock.now();
    const isDraining = () => world.clock.now() < startedMs + 60_000;
    const slow = world.platformOver({
      outer: (client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          const answer = await next(args);
          const slowly: Readonly<Record<string, object>> = {
            DescribeServicesCommand: isDraining() ? { services: [DRAINING] } : {},
            DescribeCapacityProvidersCommand: { capacityProviders: [PROVISIONING] },
          };
          return { ...answer, output: { ...answer.output, ...slowly[commandName] } };
        }),
    });

    await expect(slow.create(spec, EPOCH)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: expect.stringContaining('is PROVISIONING'),
    });
    expect(world.clock.now() - startedMs).toBeLessThan(95_000);
  });

  it('makes no revision without an image', async () => {
    const { platform, spec } = await ecsWorld(moto());

    const creation = platform.create(spec('serves', { image: null }), EPOCH);

    await expect(creation).rejects.toMatchObject({ name: 'InputInvalid' });
  });

  it.each([
    { fault: { memoryMiB: 3000 }, says: 'No Fargate configuration exists' },
    { fault: { cpuUnits: 32_768 }, says: 'No Fargate configuration exists' },
  ])('says which size Fargate does not take: $fault', async ({ fault, says }) => {
    const { platform, spec } = await ecsWorld(moto());

    await expect(platform.create(spec('serves', fault), EPOCH)).rejects.toThrow(says);
  });

  describe('without the tag of its cluster', () => {
    async function untagged(target: 'fargate' | 'ec2') {
      const world = await ecsWorld(moto(), target);
      const { revision } = await created(world.platform, world.spec('serves'));
      const outer = (client: ECSClient | ElasticLoadBalancingV2Client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          const answer = await next(args);
          if (commandName !== 'DescribeTaskDefinitionCommand') return answer;
          const output = answer.output as DescribeTaskDefinitionCommandOutput;
          const tags = output.tags?.filter(({ key }) => key !== TAG.cluster);
          return { ...answer, output: { ...output, tags } };
        });
      return { revision, platform: world.platformOver({ outer: outer as never }) };
    }

    it('a revision on Fargate is taken away all the same: there is one cluster', async () => {
      const { platform, revision } = await untagged('fargate');

      await expect(platform.retire(revision, EPOCH)).resolves.toBeUndefined();
    });

    it('a revision on hosts is left, and the tag that it lacks is named', async () => {
      const { platform, revision } = await untagged('ec2');

      await expect(platform.retire(revision, EPOCH)).rejects.toMatchObject({
        name: 'RevisionFailed',
        message: expect.stringMatching(/task-definition\/.* has no tag slipway:cluster$/),
        fix: expect.stringContaining('aws ecs tag-resource'),
      });
    });
  });

  it('says so when tasks do not end', async () => {
    const world = await ecsWorld(moto());
    const { revision } = await created(world.platform, world.spec('serves'));
    await world.platform.describe(revision, LONG);
    const stuck = world.platformOver({
      outer: (client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          const answer = await next(args);
          if (commandName !== 'DescribeServicesCommand') return answer;
          return { ...answer, output: { ...answer.output, services: [DRAINING] } };
        }),
    });

    await expect(stuck.retire(revision, EPOCH)).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: expect.stringContaining('still has 1 tasks'),
    });
  });
});

async function created<Spec extends { readonly revision: string }>(
  platform: { create(spec: Spec, epoch: number): Promise<void> },
  spec: Spec,
): Promise<Spec> {
  await platform.create(spec, EPOCH);
  return spec;
}
