import { APIGatewayClient, DeleteRestApiCommand } from '@aws-sdk/client-api-gateway';
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { DeleteTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteNetworkInterfaceCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { BatchDeleteImageCommand, ECRClient, ListImagesCommand } from '@aws-sdk/client-ecr';
import { DeleteClusterCommand, DeleteServiceCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  DeleteListenerCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  DeleteRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  PutRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { DeleteFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteStateMachineCommand, SFNClient } from '@aws-sdk/client-sfn';
import { planUninstall, type Uninstall, uninstall } from '#operations/uninstall/uninstall.ts';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { containerInventory, containerParts, runningContainer } from './cli-containers.ts';
import { inventory } from './cli-inventory.ts';
import { livedIn, liveShapes, modelFunction } from './cli-model.ts';
import { type CliWorld, installInMoto, motoEnvironment } from './cli-world.ts';
import { type Blocked, startCloudFormation } from './cloudformation-front.ts';

// Moto's CloudFormation does not delete it with its stack.
const LEFT_BY_MOTO = ['api slipway-dev'];

const ALL = { deleteBucket: true, deleteTable: true };
const UNFINISHED = ['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'CREATE_FAILED'] as const;

describeOnMoto('what uninstall takes away of an installation that is not whole', (moto) => {
  beforeEach(() => moto().reset());

  /** Another stage with a model, which no run below may touch; returns everything that the account holds with only this stage. */
  async function beside(): Promise<readonly string[]> {
    await liveShapes(moto(), await installInMoto(moto(), 'other'));
    return [...(await inventory(moto())), ...LEFT_BY_MOTO].toSorted();
  }

  /** An installation with a model, a key, an image and two writes of an upload. */
  async function lived(installation: Parameters<typeof installInMoto>[2] = {}): Promise<CliWorld> {
    const world = await installInMoto(moto(), 'dev', installation);
    await livedIn(moto(), world);
    return world;
  }

  const account = { stage: 'dev', profile: undefined, region: undefined };
  const kept = { ...process.env };
  afterEach(() => {
    process.env = { ...kept };
  });

  async function plan(endpoint: string): Promise<Uninstall> {
    process.env = { ...kept, ...motoEnvironment({ endpoint }) };
    return planUninstall(account, ALL);
  }

  /** The remains of one run, with the reason; only the first `stages` stages where the run is cut off after them. */
  async function run(endpoint: string, stages = Number.POSITIVE_INFINITY) {
    const planned = await plan(endpoint);
    const left: string[] = [];
    for await (const { what, reason } of uninstall({
      ...planned,
      stages: planned.stages.slice(0, stages),
    })) {
      if (reason) left.push(`${what}: ${reason}`);
    }
    return left;
  }

  it('removes all of a stack that tells no outputs', async () => {
    const before = await beside();
    await lived();
    await using front = await startCloudFormation(moto(), { hasOutputs: false });

    expect(await run(front.endpoint)).toEqual([]);
    expect(await inventory(moto())).toEqual(before);
  });

  it.each(UNFINISHED)('removes what a first deploy left that ended %s', async (status) => {
    const before = await beside();
    await installInMoto(moto(), 'dev', { isUnfinished: true });
    await using front = await startCloudFormation(moto(), { status });

    expect(await run(front.endpoint)).toEqual([]);
    expect(front.deletions()).toBe(1);
    expect(await inventory(moto())).toEqual(before);
  });

  it('asks for the stack’s deletion again where it failed half way', async () => {
    const before = await beside();
    const { outputs } = await lived();
    const machines = awsClient(SFNClient, moto());
    await machines.send(
      new DeleteStateMachineCommand({ stateMachineArn: outputs['StateMachine'] }),
    );
    await awsClient(APIGatewayClient, moto()).send(
      new DeleteRestApiCommand({ restApiId: outputs['Api'] }),
    );
    await using front = await startCloudFormation(moto(), { status: 'DELETE_FAILED' });

    expect(await run(front.endpoint)).toEqual([]);
    expect(front.deletions()).toBe(1);
    expect(await inventory(moto())).toEqual(before.filter((each) => !LEFT_BY_MOTO.includes(each)));
  });

  it('goes on where listener and cluster are gone', async () => {
    const before = await beside();
    const parts = await containerParts(moto(), 'dev');
    const world = await lived({ containers: parts.outputs });
    await runningContainer(moto(), world, parts, { model: 'shapes', version: 2 });
    const ecs = awsClient(ECSClient, moto());
    const [cluster, service] = [parts.cluster, 'shapes-v2'];
    await ecs.send(new DeleteServiceCommand({ cluster, service, force: true })).catch(() => {});
    await ecs.send(new DeleteClusterCommand({ cluster }));
    const elb = awsClient(ElasticLoadBalancingV2Client, moto());
    await elb.send(new DeleteListenerCommand({ ListenerArn: parts.network.listener }));
    await using front = await startCloudFormation(moto(), {});

    expect(await run(front.endpoint)).toEqual([]);
    expect(await inventory(moto())).toEqual(before);
    const left = await containerInventory(moto(), parts).catch(() => []);
    expect(left.filter((each) => /shapes/.test(each))).toEqual([]);
  });

  it('finds the functions and the keys of API Gateway where the table is gone, and some of the functions', async () => {
    const before = await beside();
    const { outputs, ...world } = await lived();
    // One of three that the table knew, or their deployments had made.
    for (const model of ['second', 'third'])
      await modelFunction(moto(), { ...world, outputs }, model);
    const gone = new DeleteFunctionCommand({ FunctionName: 'slipway-dev-m-third' });
    await awsClient(LambdaClient, moto()).send(gone);
    const dynamo = awsClient(DynamoDBClient, moto());
    await dynamo.send(new DeleteTableCommand({ TableName: outputs['Table'] }));
    await using front = await startCloudFormation(moto(), {});

    expect(await run(front.endpoint)).toEqual([]);
    expect(await inventory(moto())).toEqual(before);
  });

  it('removes the route and the records of a model whose function is gone', async () => {
    const before = await beside();
    await lived();
    await awsClient(LambdaClient, moto()).send(
      new DeleteFunctionCommand({ FunctionName: 'slipway-dev-m-shapes' }),
    );
    await using front = await startCloudFormation(moto(), {});

    expect(await run(front.endpoint)).toEqual([]);
    expect(await inventory(moto())).toEqual(before);
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'ends in a second run what was cut off after %d of its stages',
    async (stages) => {
      const before = await beside();
      await lived();
      await using front = await startCloudFormation(moto(), {});

      expect(await run(front.endpoint, stages)).toEqual([]);
      expect(await run(front.endpoint)).toEqual([]);
      expect(await inventory(moto())).toEqual(before);
      expect(await run(front.endpoint)).toEqual([]);
    },
  );

  it('removes what a stack left that somebody has deleted with its models still there', async () => {
    const before = await beside();
    await lived();
    const StackName = 'slipway-dev';
    // The person who deletes a stack has to empty this bucket; CloudFormation empties the repositories, and moto does not.
    const code = { Bucket: `${StackName}-deployment`, Key: 'serverless/slipway.zip' };
    await awsClient(S3Client, moto()).send(new DeleteObjectCommand(code));
    for (const repositoryName of [StackName, `${StackName}-environments`]) {
      const ecr = awsClient(ECRClient, moto());
      const { imageIds } = await ecr.send(new ListImagesCommand({ repositoryName }));
      await ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
    }
    await awsClient(CloudFormationClient, moto()).send(new DeleteStackCommand({ StackName }));

    expect(await run(moto().endpoint)).toEqual([]);
    expect(await inventory(moto())).toEqual(before);
  });

  it('removes the bucket of access logs that a first deploy left which failed before another went well, and no other of that name', async () => {
    await beside();
    const s3 = awsClient(S3Client, moto());
    const [earlier, mine] = ['slipway-dev-logbucket-earlier', 'slipway-dev-mine'];
    await s3.send(new CreateBucketCommand({ Bucket: mine }));
    const before = await inventory(moto());
    await s3.send(new CreateBucketCommand({ Bucket: earlier }));
    await s3.send(new PutObjectCommand({ Bucket: earlier, Key: 'load-balancer/test', Body: 'x' }));
    await installInMoto(moto(), 'dev');
    await using front = await startCloudFormation(moto(), { tagged: [earlier] });

    expect(await run(front.endpoint)).toEqual([]);
    expect(await inventory(moto())).toEqual([...before, ...LEFT_BY_MOTO].toSorted());
  });

  it('removes nothing where the table that is to go is protected, and says how that ends', async () => {
    const world = await installInMoto(moto(), 'dev');
    const TableName = world.outputs['Table'];
    const protect = new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true });
    await awsClient(DynamoDBClient, moto()).send(protect);
    const before = await inventory(moto());

    await expect(run(moto().endpoint)).rejects.toMatchObject({
      message: `the table ${TableName} is protected against deletion`,
      fix: expect.stringContaining('deletionProtection=false'),
    });
    expect(await inventory(moto())).toEqual(before);
  });

  it('lists what others have made inside of the stack, removes the rest, and ends once they have taken it away', async () => {
    const before = await beside();
    const ec2 = awsClient(EC2Client, moto());
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/24' }));
    const VpcId = Vpc?.VpcId;
    const made = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock: '10.9.0.0/25' }));
    const subnets = made.Subnet!.SubnetId!;
    const group = async (GroupName: string) =>
      (await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'x', VpcId })))
        .GroupId!;
    const [models, mine] = [await group('models'), await group('mine')];
    const rule = {
      GroupId: mine,
      IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: models }] }],
    };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
    const { outputs } = await lived({ subnets, securityGroup: models });
    const Bucket = outputs['Bucket'];
    // All but the first is Slipway's own.
    for (const Key of ['notes/todo.txt', 'orders/d1/s.json', 'own-images/d1/s.tar']) {
      await awsClient(S3Client, moto()).send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    }
    const events = awsClient(EventBridgeClient, moto());
    const onBus = { Name: 'mine', EventBusName: 'slipway-dev' };
    await events.send(new PutRuleCommand({ ...onBus, EventPattern: '{"source": ["slipway"]}' }));
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({ SubnetId: subnets, Description: 'mine' }),
    );
    const NetworkInterfaceId = NetworkInterface!.NetworkInterfaceId!;
    const blocked = async (): Promise<readonly Blocked[]> => {
      const { Rules = [] } = await events.send(
        new ListRulesCommand({ EventBusName: 'slipway-dev' }),
      );
      const found = await ec2.send(new DescribeNetworkInterfacesCommand({}));
      return [
        ...(Rules.length > 0 ? [{ logicalId: 'Bus', reason: 'Rules still exist' }] : []),
        ...(found.NetworkInterfaces?.length
          ? [{ logicalId: 'Repository', reason: 'has dependencies' }]
          : []),
      ];
    };
    await using front = await startCloudFormation(moto(), { blocked });

    const { foreign } = await plan(front.endpoint);
    const left = await run(front.endpoint);
    await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }));
    await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
    await events.send(new DeleteRuleCommand(onBus));
    const second = await run(front.endpoint);

    expect(foreign.map(({ what }) => what)).toEqual([
      `the network interface ${NetworkInterfaceId} (mine)`,
      `a rule of the security group ${mine}`,
      'the rule mine on the bus slipway-dev',
      `notes/ in the bucket ${Bucket}`,
    ]);
    expect(left[0]).toMatch(/^the stack slipway-dev .*: .*Bus: Rules still exist/);
    expect(second).toEqual([]);
    expect(front.deletions()).toBe(2);
    expect(await inventory(moto())).toEqual(before);
  });
});
