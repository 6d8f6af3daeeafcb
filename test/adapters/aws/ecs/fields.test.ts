import type { RegisterTaskDefinitionCommandInput } from '@aws-sdk/client-ecs';
import { DRAIN_SECONDS } from '#adapters/aws/ecs/settings.ts';
import { targetGroupName } from '#adapters/aws/ecs/target-group-name.ts';
import { tagMap } from '#adapters/aws/tags.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { ecsWorld } from '../../../support/aws/ecs.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { addMiddleware } from '../../../support/aws/rules/rules.ts';

const GIB = 1024 ** 3;

/** A scalable target has them as an object. */
function tagsOf(input: object): Parameters<typeof tagMap>[0] {
  const { tags, Tags = [] } = input as { tags?: []; Tags?: [] | Record<string, string> };
  if (tags) return tags;
  return Array.isArray(Tags) ? Tags : Object.entries(Tags).map(([Key, Value]) => ({ Key, Value }));
}

describeOnMoto('what ecsPlatform asks AWS for', (moto) => {
  /** The inputs of the commands of one creation, by command. */
  async function creation(
    target: 'fargate' | 'ec2',
    over: Partial<RevisionSpec> = {},
    from: Partial<RevisionSpec['image']> = {},
  ) {
    const world = await ecsWorld(moto(), target);
    const inputs: Record<string, object[]> = {};
    const platform = world.platformOver({
      outer: (client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          const command = commandName.replace(/Command$/, '');
          inputs[command] = [...(inputs[command] ?? []), args.input];
          return next(args);
        }),
    });
    const spec = world.spec('serves', over);
    await platform.create({ ...spec, image: { ...spec.image!, ...from } }, 1);
    const { settings } = world;
    const sent = (command: string): object => inputs[command]?.[0] ?? {};
    return { sent, inputs, settings, spec, image: `${settings.repository}@${spec.image?.digest}` };
  }

  it('is a task without rights, whose server knows what it is', async () => {
    const { sent, settings, spec, image } = await creation('fargate');

    const task = sent('RegisterTaskDefinition');

    expect(task).toEqual({
      family: 'slipway-test-fargate-digits-v1',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      runtimePlatform: { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' },
      cpu: '1024',
      memory: '2048',
      executionRoleArn: settings.executionRole,
      volumes: [{ name: 'tmp' }],
      containerDefinitions: [
        {
          name: 'model',
          image,
          essential: true,
          portMappings: [{ containerPort: 8080, protocol: 'tcp' }],
          environment: [
            { name: 'MODEL_PATH', value: '/opt/model/digits.onnx' },
            { name: 'MODEL_NAME', value: 'digits' },
            { name: 'MODEL_VERSION', value: '1' },
            { name: 'SLIPWAY_REVISION', value: 'digits-v1' },
            { name: 'SLIPWAY_DEPLOYMENT', value: 'd1' },
            { name: 'SLIPWAY_IMAGE', value: spec.image?.digest },
            { name: 'PORT', value: '8080' },
            { name: 'ORT_DISABLE_TELEMETRY', value: '1' },
          ],
          readonlyRootFilesystem: true,
          mountPoints: [{ sourceVolume: 'tmp', containerPath: '/tmp' }],
          user: '1000:1000',
          linuxParameters: { capabilities: { drop: ['ALL'] } },
          stopTimeout: DRAIN_SECONDS,
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': '/slipway/test/models',
              'awslogs-region': 'us-east-1',
              'awslogs-stream-prefix': 'digits-v1',
            },
          },
        },
      ],
      tags: [
        { key: 'slipway:stage', value: 'test' },
        { key: 'slipway:model', value: 'digits' },
        { key: 'slipway:version', value: '1' },
        { key: 'slipway:team', value: 'unassigned' },
        { key: 'slipway:revision', value: 'digits-v1' },
        { key: 'slipway:deployment', value: 'd1' },
        { key: 'slipway:cluster', value: 'slipway-test' },
      ],
    });
  });

  it('has the tags by which its cost is shown on all that is made for the model alone', async () => {
    const scaling = { min: 1, max: 3, requestsPerMinute: 120, schedules: [] };

    const { inputs } = await creation('fargate', { version: 7, team: 'vision', scaling });

    const made = Object.entries(inputs).filter(([command]) => /^(?:Create|Register)/.test(command));
    const tagged = made.flatMap(([command, sent]) =>
      sent.map((input) => [command, tagMap(tagsOf(input))] as const),
    );
    expect(tagged.map(([command]) => command).toSorted()).toEqual([
      'CreateRule',
      'CreateService',
      'CreateTargetGroup',
      'RegisterScalableTarget',
      'RegisterTaskDefinition',
    ]);
    for (const [, tags] of tagged) {
      expect(Object.fromEntries(tags)).toMatchObject({
        'slipway:stage': 'test',
        'slipway:model': 'digits',
        'slipway:version': '7',
        'slipway:team': 'vision',
        'slipway:deployment': 'd1',
      });
    }
    // Tasks, which are billed, take those of their service.
    expect(inputs['CreateService']).toEqual([
      expect.objectContaining({ propagateTags: 'SERVICE', enableECSManagedTags: true }),
    ]);
  });

  it('gives a scalable target that is there its tags by its ARN', async () => {
    const world = await ecsWorld(moto());
    const scaling = { min: 1, max: 3, requestsPerMinute: 120, schedules: [] };
    const spec = world.spec('serves', { scaling });
    await world.platform.create(spec, 1);
    const sent: object[] = [];
    const again = world.platformOver({
      outer: (client) =>
        addMiddleware(client, (next, { commandName }) => async (args) => {
          if (commandName === 'TagResourceCommand') sent.push(args.input);
          return next(args);
        }),
    });

    await again.create(spec, 1);

    expect(sent).toEqual([
      {
        ResourceARN: expect.stringContaining(':scalable-target/'),
        Tags: expect.objectContaining({ 'slipway:model': 'digits', 'slipway:version': '1' }),
      },
    ]);
  });

  it('leaves an image of its owner’s own its user, its file system, and what an entry point needs that changes its user', async () => {
    const { sent } = await creation('fargate', {
      runtime: 'custom',
      server: { port: 3000, healthPath: '/healthz', requestPath: '/predict' },
    });

    const { containerDefinitions, volumes } = sent(
      'RegisterTaskDefinition',
    ) as RegisterTaskDefinitionCommandInput;

    const [container] = containerDefinitions!;
    expect(container).toMatchObject({
      portMappings: [{ containerPort: 3000 }],
      readonlyRootFilesystem: false,
      environment: expect.arrayContaining([{ name: 'PORT', value: '3000' }]),
    });
    // A mounted /tmp would belong to root, which the image's user need not be.
    expect([container?.user, container?.mountPoints, volumes]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    const { drop = [] } = container!.linuxParameters!.capabilities!;
    expect(drop).toContain('NET_RAW');
    for (const kept of ['CHOWN', 'SETUID', 'SETGID', 'NET_BIND_SERVICE']) {
      expect(drop).not.toContain(kept);
    }
    expect(sent('CreateTargetGroup')).toMatchObject({ Port: 3000, HealthCheckPath: '/healthz' });
    expect(sent('CreateService')).toMatchObject({ loadBalancers: [{ containerPort: 3000 }] });
  });

  it.each([
    { name: 'fits in what is free', gib: 5, storage: undefined },
    { name: 'is larger', gib: 20, storage: { sizeInGiB: 32 } },
    { name: 'is as large as can be', gib: 190, storage: { sizeInGiB: 200 } },
  ])('gives a task the storage for an image which $name', async ({ gib, storage }) => {
    const sizes = { compressedBytes: (gib / 2) * GIB, uncompressedBytes: gib * GIB };

    const { sent } = await creation('fargate', {}, sizes);

    const task = sent('RegisterTaskDefinition') as { ephemeralStorage?: object };

    expect(task.ephemeralStorage).toEqual(storage);
  });

  it('is a target group whose health is the server’s /ping, and a test rule that strips its path', async () => {
    const { sent, settings } = await creation('fargate');

    expect(sent('CreateTargetGroup')).toMatchObject({
      Name: targetGroupName('test', 'digits-v1'),
      TargetType: 'ip',
      VpcId: settings.vpc,
      Protocol: 'HTTP',
      Port: 8080,
      HealthCheckPath: '/ping',
      HealthCheckIntervalSeconds: 5,
      HealthyThresholdCount: 2,
      Matcher: { HttpCode: '200' },
    });
    expect(sent('ModifyTargetGroupAttributes')).toMatchObject({
      Attributes: [{ Key: 'deregistration_delay.timeout_seconds', Value: String(DRAIN_SECONDS) }],
    });
    expect(sent('CreateRule')).toMatchObject({
      ListenerArn: settings.listener,
      Priority: 40_000,
      Conditions: [
        {
          Field: 'path-pattern',
          PathPatternConfig: {
            Values: [
              '/candidate/digits-v1/*',
              '/v1/candidate/digits-v1/*',
              '/_probe/candidate/digits-v1/*',
              '/v1/_probe/candidate/digits-v1/*',
            ],
          },
        },
      ],
      Transforms: [
        {
          Type: 'url-rewrite',
          UrlRewriteConfig: {
            Rewrites: [{ Regex: '^(/v1)?(/_probe)?/candidate/digits-v1/(.*)$', Replace: '/$3' }],
          },
        },
      ],
    });
  });

  it('is a service that ECS gives time to load, and whose circuit breaker rolls nothing back', async () => {
    const { sent, settings } = await creation('fargate', { startupTimeoutSeconds: 90 });

    expect(sent('CreateService')).toMatchObject({
      cluster: 'slipway-test',
      serviceName: expect.stringMatching(/^digits-v1-[0-9a-f]{16}$/),
      clientToken: expect.stringMatching(/^[0-9a-f]{32}$/),
      desiredCount: 1,
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: settings.subnets,
          securityGroups: [settings.securityGroup],
          assignPublicIp: 'ENABLED',
        },
      },
      loadBalancers: [{ containerName: 'model', containerPort: 8080 }],
      healthCheckGracePeriodSeconds: 390,
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: false } },
      propagateTags: 'SERVICE',
    });
  });

  it('runs its base on demand and the rest on Spot', async () => {
    const scaling = { min: 3, requestsPerMinute: 600, schedules: [], spot: { onDemandBase: 2 } };

    const { sent } = await creation('fargate', { scaling });

    expect(sent('CreateService')).toMatchObject({
      desiredCount: 3,
      capacityProviderStrategy: [
        { capacityProvider: 'FARGATE', base: 2, weight: 1 },
        { capacityProvider: 'FARGATE_SPOT', weight: 1_000 },
      ],
    });
  });

  it('runs all on Spot where the base is none', async () => {
    const scaling = { min: 1, requestsPerMinute: 600, schedules: [], spot: { onDemandBase: 0 } };

    const { sent } = await creation('fargate', { scaling });

    expect(sent('CreateService')).toMatchObject({
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
    });
  });

  it('grows by requests, and by the clock of the place that the manifest names', async () => {
    const schedules = [
      { days: ['mon' as const, 'tue' as const], at: '08:30', timeZone: 'Europe/Berlin', min: 4 },
    ];
    const scaling = { min: 1, max: 3, requestsPerMinute: 120, schedules };

    const { sent, inputs } = await creation('fargate', { scaling });

    // The world's clock says Wednesday, so the schedule that began on Tuesday holds.
    expect(sent('CreateService')).toMatchObject({ desiredCount: 4 });
    expect(sent('RegisterScalableTarget')).toMatchObject({
      ServiceNamespace: 'ecs',
      ResourceId: expect.stringMatching(/^service\/slipway-test\/digits-v1-[0-9a-f]{16}$/),
      ScalableDimension: 'ecs:service:DesiredCount',
      MinCapacity: 4,
      MaxCapacity: 4,
    });
    expect(inputs['PutScalingPolicy']).toBeUndefined();
    expect(sent('PutScheduledAction')).toMatchObject({
      Schedule: 'cron(30 8 ? * MON,TUE *)',
      Timezone: 'Europe/Berlin',
      ScalableTargetAction: { MinCapacity: 4, MaxCapacity: 4 },
    });
  });

  it('names the load balancer and the group by which requests are counted', async () => {
    const { sent } = await creation('fargate', {
      scaling: { min: 1, max: 3, requestsPerMinute: 120, schedules: [] },
    });

    expect(sent('PutScalingPolicy')).toMatchObject({
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: 120,
        PredefinedMetricSpecification: {
          PredefinedMetricType: 'ALBRequestCountPerTarget',
          ResourceLabel: expect.stringMatching(
            /^app\/slipway-test\/\w+\/targetgroup\/slipway-test-[0-9a-f]{10}\/\w+$/,
          ),
        },
      },
    });
  });

  it('asks for no scaling where there is nothing to scale', async () => {
    const { inputs } = await creation('fargate');

    expect(inputs['RegisterScalableTarget']).toBeUndefined();
  });

  it('asks for instances that have the GPU, in the order of their cost, in the cluster of that GPU', async () => {
    const { sent, inputs, settings } = await creation('ec2', {
      accelerator: { name: 'L4', count: 1 },
      instanceTypes: ['g6.xlarge', 'g6.2xlarge'],
      cpuUnits: 3072,
      memoryMiB: 14_745,
    });

    expect(sent('CreateCluster')).toMatchObject({ clusterName: 'slipway-test-L4' });
    expect(sent('CreateCapacityProvider')).toMatchObject({
      name: expect.stringMatching(/^slipway-test-[0-9a-f]{12}$/),
      cluster: 'slipway-test-L4',
      managedInstancesProvider: {
        infrastructureRoleArn: expect.stringContaining('infrastructure'),
        instanceLaunchTemplate: {
          ec2InstanceProfileArn: expect.stringContaining('ecsInstanceRole'),
          capacityOptionType: 'ON_DEMAND',
          networkConfiguration: {
            subnets: settings.subnets,
            securityGroups: [settings.securityGroup],
          },
          storageConfiguration: { storageSizeGiB: 80 },
          instanceRequirements: {
            allowedInstanceTypes: ['g6.xlarge', 'g6.2xlarge'],
            onDemandMaxPricePercentageOverLowestPrice: 999_999,
            cpuManufacturers: ['intel', 'amd'],
            vCpuCount: { min: 3 },
            memoryMiB: { min: 16_384 },
          },
        },
      },
    });
    const [task] = inputs['RegisterTaskDefinition'] as { containerDefinitions: object[] }[];
    expect(task).toMatchObject({ requiresCompatibilities: ['MANAGED_INSTANCES'] });
    expect(task?.containerDefinitions[0]).toMatchObject({
      resourceRequirements: [{ type: 'GPU', value: '1' }],
    });
    expect(inputs['PutClusterCapacityProviders']).toBeUndefined();
  });

  it('takes a whole instance of a named type without a GPU, so that its price is known', async () => {
    const types = ['r6a.large', 'r6i.large'];
    const size = { cpuUnits: 1843, memoryMiB: 14_745 };

    const { sent } = await creation('ec2', { ...size, instanceTypes: types });

    expect(sent('CreateCapacityProvider')).toMatchObject({
      cluster: 'slipway-test-CPU',
      managedInstancesProvider: {
        instanceLaunchTemplate: {
          instanceRequirements: {
            allowedInstanceTypes: types,
            vCpuCount: { min: 2 },
            memoryMiB: { min: 16_384 },
          },
        },
      },
    });
    expect(sent('RegisterTaskDefinition')).toMatchObject({
      requiresCompatibilities: ['MANAGED_INSTANCES'],
      cpu: '1843',
      memory: '14745',
    });
  });

  it('tells vLLM what it has room for, and gives its GPUs memory to share', async () => {
    const { sent } = await creation('ec2', {
      runtime: 'vllm',
      accelerator: { name: 'L4', count: 4 },
      gpuServing: { maxModelLen: 32_768, gpuMemoryUtilization: 0.95 },
      instanceTypes: ['g6.12xlarge'],
    });

    expect(sent('RegisterTaskDefinition')).toMatchObject({
      containerDefinitions: [
        {
          environment: expect.arrayContaining([
            { name: 'MAX_MODEL_LEN', value: '32768' },
            { name: 'GPU_MEMORY_UTILIZATION', value: '0.95' },
            { name: 'TENSOR_PARALLEL_SIZE', value: '4' },
          ]),
          resourceRequirements: [{ type: 'GPU', value: '4' }],
          linuxParameters: { sharedMemorySize: 8192, capabilities: { drop: ['ALL'] } },
          readonlyRootFilesystem: true,
          user: '1000:1000',
        },
      ],
    });
  });

  it('leaves the type to ECS without a GPU, and gives Spot a provider of its own', async () => {
    const scaling = { min: 2, requestsPerMinute: 600, schedules: [], spot: { onDemandBase: 1 } };

    const { sent, inputs } = await creation('ec2', { scaling });

    const made = inputs['CreateCapacityProvider'] as { name: string; cluster: string }[];
    expect(made.map(({ cluster }) => cluster)).toEqual(['slipway-test-CPU', 'slipway-test-CPU']);
    expect(made.map((each) => JSON.stringify(each).match(/ON_DEMAND|SPOT/)?.[0])).toEqual([
      'ON_DEMAND',
      'SPOT',
    ]);
    expect(JSON.stringify(made)).not.toContain('allowedInstanceTypes');
    expect(sent('CreateService')).toMatchObject({
      capacityProviderStrategy: [
        { capacityProvider: made[0]?.name, base: 1, weight: 1 },
        { capacityProvider: made[1]?.name, weight: 1_000 },
      ],
    });
  });

  it('takes every type that the manifest names on Spot too, whatever it costs', async () => {
    const scaling = { min: 1, requestsPerMinute: 600, schedules: [], spot: { onDemandBase: 0 } };

    const { inputs } = await creation('ec2', { scaling, instanceTypes: ['c6a.large'] });

    const limits = (inputs['CreateCapacityProvider'] ?? []).map((each) =>
      JSON.stringify(each).match(/"\w+MaxPricePercentageOverLowestPrice":\d+/g),
    );
    expect(limits).toEqual([
      ['"onDemandMaxPricePercentageOverLowestPrice":999999'],
      ['"spotMaxPricePercentageOverLowestPrice":999999'],
    ]);
  });

  it('makes the group, the rule that uses it and the service in this order', async () => {
    const { inputs } = await creation('fargate');

    const order = Object.keys(inputs).filter((command) => /^(?:Create|Register)/.test(command));
    expect(order).toEqual([
      'RegisterTaskDefinition',
      'CreateTargetGroup',
      'CreateRule',
      'CreateService',
    ]);
  });
});

describe('the name of a target group', () => {
  it('fits in 32 characters for the longest stage and revision, and differs by both', () => {
    const stage = 'a'.repeat(13);
    const revision = `${'m'.repeat(40)}-v12345`;
    const name = targetGroupName(stage, revision);

    expect(name.length).toBe(32);
    expect(name).not.toBe(targetGroupName(stage, `${revision}6`));
    expect(name).not.toBe(targetGroupName('prod', revision));
  });
});
