import {
  ApplicationAutoScalingClient,
  DeregisterScalableTargetCommand,
  PutScalingPolicyCommand,
  PutScheduledActionCommand,
} from '@aws-sdk/client-application-auto-scaling';
import {
  CreateCapacityProviderCommand,
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteCapacityProviderCommand,
  DeleteClusterCommand,
  DeleteServiceCommand,
  ECSClient,
  PutClusterCapacityProvidersCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeleteTargetGroupCommand,
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { awsClient } from '../../../support/aws/clients.ts';
import { ecsWorld } from '../../../support/aws/ecs.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { elbv2Rules } from '../../../support/aws/rules/elbv2.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';

type World = Awaited<ReturnType<typeof ecsWorld>>;

describeOnMoto('what ECS and its load balancer ask for', (moto) => {
  let world: World;
  let ecs: ECSClient;
  let elb: ElasticLoadBalancingV2Client;
  beforeEach(async () => {
    world = await ecsWorld(moto());
    ecs = world.client(ECSClient);
    elb = world.client(ElasticLoadBalancingV2Client);
  });

  const definition = (over: Partial<RegisterTaskDefinitionCommandInput> = {}) =>
    new RegisterTaskDefinitionCommand({
      family: 'any',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      executionRoleArn: world.settings.executionRole,
      containerDefinitions: [{ name: 'model', image: 'any@sha256:0' }],
      ...over,
    });

  it.each([
    {
      name: 'a pair of sizes that Fargate does not have',
      over: { memory: '513' },
      says: 'No Fargate configuration',
    },
    { name: 'another network', over: { networkMode: 'bridge' as const }, says: 'network mode' },
    {
      name: 'a role that may not be passed',
      over: { executionRoleArn: 'arn:other' },
      says: 'iam:PassRole',
    },
    {
      name: 'a GPU on Fargate',
      over: {
        containerDefinitions: [
          { name: 'model', resourceRequirements: [{ type: 'GPU' as const, value: '1' }] },
        ],
      },
      says: 'do not support GPU',
    },
  ])('refuses $name', async ({ over, says }) => {
    await expect(ecs.send(definition(over))).rejects.toThrow(says);
  });

  async function group(name = 'any'): Promise<string> {
    const { vpc: VpcId } = world.settings;
    const make = { Name: name, Protocol: 'HTTP', Port: 8080, TargetType: 'ip', VpcId } as const;
    const { TargetGroups = [] } = await elb.send(new CreateTargetGroupCommand(make));
    return TargetGroups[0]?.TargetGroupArn ?? '';
  }

  const rule = (groups: readonly string[], Priority = 1, Weight = 1) =>
    new CreateRuleCommand({
      ListenerArn: world.settings.listener,
      Priority,
      Conditions: [{ Field: 'path-pattern', Values: [`/${Priority}/*`] }],
      Actions: [
        {
          Type: 'forward',
          ForwardConfig: {
            TargetGroups: groups.map((TargetGroupArn) => ({ TargetGroupArn, Weight })),
          },
        },
      ],
    });

  async function serviceInput(): Promise<CreateServiceCommandInput> {
    await ecs.send(definition());
    const targetGroupArn = await group();
    return {
      cluster: 'slipway-test',
      serviceName: 'any',
      clientToken: 'a',
      taskDefinition: 'any',
      desiredCount: 1,
      loadBalancers: [{ targetGroupArn, containerName: 'model', containerPort: 8080 }],
    };
  }

  it('refuses a service whose target group no listener uses', async () => {
    const input = await serviceInput();

    await expect(ecs.send(new CreateServiceCommand(input))).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining('does not have an associated load balancer'),
    });
  });

  it.each([
    { name: 'a base', over: { base: 1, weight: 0 } },
    { name: 'all', over: { weight: 0 } },
  ])('refuses a service whose strategy has $name on a provider of weight 0', async ({ over }) => {
    const first = { capacityProvider: 'FARGATE', ...over };
    const capacityProviderStrategy =
      over.base === undefined ? [first] : [first, { capacityProvider: 'FARGATE_SPOT', weight: 1 }];
    const input = { ...(await serviceInput()), capacityProviderStrategy };

    await expect(ecs.send(new CreateServiceCommand(input))).rejects.toThrow('weight value');
  });

  it('makes a service once for a client token, and refuses its name to another', async () => {
    const input = await serviceInput();
    await elb.send(rule([input.loadBalancers?.[0]?.targetGroupArn ?? '']));
    await ecs.send(new CreateServiceCommand(input));

    await ecs.send(new CreateServiceCommand(input));
    const other = ecs.send(new CreateServiceCommand({ ...input, clientToken: 'b' }));

    await expect(other).rejects.toThrow('not idempotent');
  });

  it('deletes no service that has tasks, changes none that drains, and makes none of its name', async () => {
    const input = await serviceInput();
    const { cluster } = input;
    await elb.send(rule([input.loadBalancers?.[0]?.targetGroupArn ?? '']));
    await ecs.send(new CreateServiceCommand(input));
    const removal = new DeleteServiceCommand({ cluster, service: 'any' });
    const idle = new UpdateServiceCommand({ cluster, service: 'any', desiredCount: 0 });

    await expect(ecs.send(removal)).rejects.toThrow('scaled above 0');
    await ecs.send(idle);
    await ecs.send(removal);

    await expect(ecs.send(idle)).rejects.toMatchObject({ name: 'ServiceNotActiveException' });
    await expect(ecs.send(new CreateServiceCommand(input))).rejects.toThrow('still Draining');
  });

  it('keeps a capacity provider that is used, and the cluster that it is in', async () => {
    const input = await serviceInput();
    const { cluster } = input;
    await elb.send(rule([input.loadBalancers?.[0]?.targetGroupArn ?? '']));
    await ecs.send(
      new CreateCapacityProviderCommand({
        name: 'mine',
        cluster,
        managedInstancesProvider: {
          infrastructureRoleArn: 'arn:role',
          instanceLaunchTemplate: {
            ec2InstanceProfileArn: 'arn:profile',
            networkConfiguration: {},
          },
        },
      }),
    );
    const capacityProviderStrategy = [{ capacityProvider: 'mine', weight: 1 }];
    await ecs.send(new CreateServiceCommand({ ...input, capacityProviderStrategy }));

    const removal = new DeleteCapacityProviderCommand({ capacityProvider: 'mine', cluster });
    const replacement = new PutClusterCapacityProvidersCommand({
      cluster,
      capacityProviders: ['FARGATE'],
      defaultCapacityProviderStrategy: [],
    });

    await expect(ecs.send(removal)).rejects.toThrow('in use');
    await expect(ecs.send(replacement)).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await expect(ecs.send(new DeleteClusterCommand({ cluster }))).rejects.toMatchObject({
      name: 'ClusterContainsCapacityProviderException',
    });
  });

  it('makes no capacity provider in a cluster that is not there', async () => {
    const make = new CreateCapacityProviderCommand({ name: 'mine', cluster: 'none' });

    await expect(ecs.send(make)).rejects.toMatchObject({ name: 'ClusterNotFoundException' });
  });

  it('counts the target groups of an action, and their weights', async () => {
    const groups: string[] = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) groups.push(await group(name));

    await expect(elb.send(rule(groups))).rejects.toThrow('Up to 5 target groups');
    await expect(elb.send(rule(groups.slice(0, 2), 1, 1000))).rejects.toThrow('from 0 to 999');
    await expect(elb.send(rule(groups.slice(0, 5), 1, 999))).resolves.toBeDefined();
  });

  it('counts the rules of a load balancer, and the groups in them', async () => {
    const few = elbv2Rules({ mostRules: 2, mostTargetGroups: 2 });
    const full = awsClient(ElasticLoadBalancingV2Client, moto(), awsRules(few));
    const groups = [await group('a'), await group('b'), await group('c')];
    await full.send(rule(groups.slice(0, 2)));

    await expect(full.send(rule(groups.slice(2), 2))).rejects.toMatchObject({
      name: 'TooManyUniqueTargetGroupsPerLoadBalancerException',
    });
    await full.send(rule(groups.slice(0, 1), 2));
    await expect(full.send(rule(groups.slice(0, 1), 3))).rejects.toMatchObject({
      name: 'TooManyRulesException',
    });
  });

  it('deletes no group that a rule uses, and gives a priority and a name once', async () => {
    const arn = await group();
    await elb.send(rule([arn]));

    await expect(
      elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: arn })),
    ).rejects.toMatchObject({ name: 'ResourceInUseException' });
    await expect(elb.send(rule([arn]))).rejects.toMatchObject({ name: 'PriorityInUseException' });
    await expect(group()).rejects.toMatchObject({ name: 'DuplicateTargetGroupNameException' });
    await expect(group('a'.repeat(33))).rejects.toThrow('32');
  });

  it('checks the targets of a group only once a rule uses it', async () => {
    const TargetGroupArn = await group();
    await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: '10.1.0.1' }] }));
    const health = async () => {
      const look = new DescribeTargetHealthCommand({ TargetGroupArn });
      const { TargetHealthDescriptions = [] } = await elb.send(look);
      return TargetHealthDescriptions[0]?.TargetHealth?.State;
    };

    expect(await health()).toBe('unused');
    await elb.send(rule([TargetGroupArn]));
    expect(await health()).toBe('healthy');
  });

  it('asks a scaling policy for a group that is on the load balancer, and a schedule for cron', async () => {
    const scaling = world.client(ApplicationAutoScalingClient);
    const target = {
      ServiceNamespace: 'ecs',
      ResourceId: 'service/slipway-test/any',
      ScalableDimension: 'ecs:service:DesiredCount',
    } as const;
    const policy = new PutScalingPolicyCommand({
      ...target,
      PolicyName: 'requests',
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 1,
        PredefinedMetricSpecification: {
          PredefinedMetricType: 'ALBRequestCountPerTarget',
          ResourceLabel: `app/slipway-test/1/${(await group()).split(':').at(-1)}`,
        },
      },
    });
    const action = { ...target, ScheduledActionName: 'a', Schedule: 'daily at 8' };

    await expect(scaling.send(policy)).rejects.toThrow('Invalid resource label');
    await expect(scaling.send(new PutScheduledActionCommand(action))).rejects.toThrow('not valid');
    await expect(scaling.send(new DeregisterScalableTargetCommand(target))).rejects.toMatchObject({
      name: 'ObjectNotFoundException',
    });
  });
});
