import { APIGatewayClient, GetResourcesCommand } from '@aws-sdk/client-api-gateway';
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateNetworkInterfaceCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeNetworkInterfacesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  DeleteFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  UntagResourceCommand,
} from '@aws-sdk/client-lambda';
import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { awsClient } from '../support/aws/clients.ts';
import { describeOnMoto } from '../support/aws/moto.ts';
import { startFront } from './cli-front.ts';
import { inventory } from './cli-inventory.ts';
import { livedIn, liveShapes, modelFunction } from './cli-model.ts';
import { installInMoto } from './cli-world.ts';

// The stack's own, which moto's CloudFormation does not delete with it; its routes are looked at below.
const LEFT_BY_MOTO = ['api slipway-dev'];

const ALL = ['uninstall', '--yes', '--delete-bucket', '--delete-table'];

describeOnMoto('slipway uninstall', (moto) => {
  beforeEach(() => moto().reset());

  /** An installation with a live model, an upload written twice, a key and a deployment under way, beside resources of somebody else. */
  async function lived() {
    const lambda = awsClient(LambdaClient, moto());
    const other = await installInMoto(moto(), 'other');
    await liveShapes(moto(), other);
    const before = [...(await inventory(moto())), ...LEFT_BY_MOTO].toSorted();
    const world = await installInMoto(moto(), 'dev');
    await livedIn(moto(), world);
    const stateMachineArn = world.outputs['StateMachine'];
    const { executionArn } = await awsClient(SFNClient, moto()).send(
      new StartExecutionCommand({ stateMachineArn, name: 'run' }),
    );
    return { world, before, lambda, executionArn };
  }

  it('leaves an account as it was before, when bucket and table are to go too', async () => {
    const { world, before } = await lived();

    const { code, stdout } = await world.run(ALL);

    expect(stdout).toMatch(/removed +the model shapes: its route/);
    expect(stdout).toMatch(/removed +the key \w+ \(team\)/);
    expect(stdout).toMatch(/removed +the stack slipway-dev with its logs/);
    expect(stdout).not.toMatch(/^left/m);
    expect(code).toBe(0);
    expect(await inventory(moto())).toEqual(before);
  });

  it('keeps bucket and table unless told, and takes them away later, when the stack is gone', async () => {
    const { world, before } = await lived();
    const { Bucket, LogBucket, Table } = world.outputs;

    const first = await world.run(['uninstall', '--yes']);
    const kept = await inventory(moto());
    const second = await world.run(ALL);
    const third = await world.run(ALL);

    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(new RegExp(`keeps +the bucket ${Bucket} .*--delete-bucket`));
    expect(kept).toEqual(
      [...before, `bucket ${Bucket}`, `bucket ${LogBucket}`, `table ${Table}`].toSorted(),
    );
    expect(second.code).toBe(0);
    expect(await inventory(moto())).toEqual(before);
    expect(third.code).toBe(0);
  });

  it('stops what could make anything new first', async () => {
    const { world, executionArn, lambda } = await lived();
    // An unregistered function keeps the stack from being deleted, so that the effects on the stack can be seen.
    await modelFunction(moto(), world, 'mine');

    await world.run(ALL);

    const events = awsClient(EventBridgeClient, moto());
    const rule = (Name: string) => events.send(new DescribeRuleCommand({ Name }));
    const execution = await awsClient(SFNClient, moto()).send(
      new DescribeExecutionCommand({ executionArn }),
    );
    expect(await rule('slipway-dev-upload')).toMatchObject({ State: 'DISABLED' });
    expect(await rule('slipway-other-upload')).toMatchObject({ State: 'ENABLED' });
    expect(execution.status).not.toBe('RUNNING');
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'slipway-dev-m-mine' }));
  });

  it('leaves a function that only its name makes Slipway’s, says so, and keeps the stack for another run', async () => {
    const { world, before, lambda } = await lived();
    await modelFunction(moto(), world, 'mine');

    const first = await world.run(ALL);
    const left = await lambda.send(new GetFunctionCommand({ FunctionName: 'slipway-dev-m-mine' }));
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'slipway-dev-m-mine' }));
    const second = await world.run(ALL);

    expect(first.code).toBe(1);
    expect(first.stdout).toMatch(/removed +the model shapes/);
    expect(first.stdout).toMatch(
      /left +the function slipway-dev-m-mine: the registry does not know this model/,
    );
    expect(first.stdout).toMatch(
      /left +the stack slipway-dev .*: something before it could not be removed/,
    );
    expect(left.Configuration?.FunctionName).toBe('slipway-dev-m-mine');
    expect(second.code).toBe(0);
    expect(await inventory(moto())).toEqual(before);
  });

  it('leaves a function that only the registry names, with its route', async () => {
    const { world, lambda } = await lived();
    const FunctionName = 'slipway-dev-m-shapes';
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName }));
    await lambda.send(
      new UntagResourceCommand({
        Resource: Configuration?.FunctionArn,
        TagKeys: ['slipway:stage'],
      }),
    );

    const { code, stdout } = await world.run(ALL);

    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^left +the model shapes.*: slipway-dev-m-shapes is not tagged as Slipway/m,
    );
    expect(await lambda.send(new GetFunctionCommand({ FunctionName }))).toBeTruthy();
  });

  it('takes away the route of a model and nothing else of the API', async () => {
    const { world } = await lived();
    await modelFunction(moto(), world, 'mine');

    await world.run(ALL);

    const { items = [] } = await awsClient(APIGatewayClient, moto()).send(
      new GetResourcesCommand({ restApiId: world.outputs['Api'] }),
    );
    expect(items.map(({ path }) => path).toSorted()).toEqual(['/', '/models']);
  });

  it('deletes the interfaces that Lambda has left unused before the role of the functions, and leaves one that is not Lambda’s', async () => {
    const ec2 = awsClient(EC2Client, moto());
    const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/24' }));
    const { Subnet } = await ec2.send(
      new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.9.0.0/25' }),
    );
    const SubnetId = Subnet?.SubnetId;
    const interfaces = async () =>
      (await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces ?? [];
    const make = (Description: string) =>
      ec2.send(new CreateNetworkInterfaceCommand({ SubnetId, Description }));
    const world = await installInMoto(moto(), 'dev', { subnets: SubnetId! });
    await make('AWS Lambda VPC ENI-slipway-dev-m-shapes-1');
    const { NetworkInterface: mine } = await make('mine');

    const { code, stdout } = await world.run(ALL);
    const { NetworkInterfaceId } = mine!;

    expect(stdout).toMatch(
      new RegExp(
        `^ +not Slipway's: the network interface ${NetworkInterfaceId} .*: delete it$`,
        'm',
      ),
    );
    expect(code).toBe(0);
    expect((await interfaces()).map((each) => each.NetworkInterfaceId)).toEqual([
      NetworkInterfaceId,
    ]);
  });

  it('removes the functions that are tagged as the stage’s where the table is gone already', async () => {
    const { world, before } = await lived();
    const table = new DeleteTableCommand({ TableName: world.outputs['Table'] });
    await awsClient(DynamoDBClient, moto()).send(table);

    const { code, stdout } = await world.run(ALL);

    expect(stdout).toMatch(/^removed +the model shapes/m);
    expect(stdout).not.toMatch(/^left/m);
    expect(code).toBe(0);
    // Only the table had the list of the stage's keys in API Gateway.
    expect((await inventory(moto())).filter((each) => !each.startsWith('key '))).toEqual(before);
  });

  it('takes away a stack whose first deploy failed, which has no outputs', async () => {
    const before = [...(await inventory(moto())), ...LEFT_BY_MOTO].toSorted();
    const world = await installInMoto(moto(), 'dev', { isUnfinished: true });

    const { code, stdout } = await world.run(ALL);
    const left = await inventory(moto());
    // Asked for the resources of a deleted stack, moto creates them again.
    const again = await world.run(ALL);

    expect(stdout).toMatch(/uninstall slipway-dev .*, whose creation never completed/);
    expect(stdout).not.toMatch(/^left/m);
    expect([code, again.code]).toEqual([0, 0]);
    expect(left).toEqual(before);
  });

  it('says what it would remove and removes nothing where it cannot ask', async () => {
    const { world } = await lived();
    const before = await inventory(moto());

    const { code, stdout, stderr } = await world.run(['uninstall']);

    expect(code).toBe(2);
    expect(stdout).toMatch(
      /uninstall slipway-dev \(CREATE_COMPLETE\)[\s\S]*removes the model shapes/,
    );
    expect(stderr).toMatch(/nothing was removed\n→ Use --yes/);
    expect(await inventory(moto())).toEqual(before);
  });

  it('names what keeps the stack, and keeps bucket and table with it', async () => {
    const { world } = await lived();
    const reason = 'resource sg-1 has a dependent object';
    // CloudFormation's answers while Lambda still has its network interfaces in the group.
    await using front = await startFront(moto(), [
      { calls: /Action=DeleteStack/, body: '<DeleteStackResponse/>' },
      {
        calls: /Action=DescribeStacks&.*StackName=arn/,
        body: `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>
          <StackName>slipway-dev</StackName><StackStatus>DELETE_FAILED</StackStatus>
          </member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
      },
      {
        calls: /Action=ListStackResources/,
        body: `<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member>
          <LogicalResourceId>ModelSecurityGroup</LogicalResourceId>
          <ResourceStatus>DELETE_FAILED</ResourceStatus>
          <ResourceStatusReason>${reason}</ResourceStatusReason>
          </member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>`,
      },
    ]);

    const { code, stdout } = await world.run(ALL, { AWS_ENDPOINT_URL: front.endpoint });

    expect(code).toBe(1);
    expect(stdout).toMatch(
      new RegExp(
        `^left +the stack slipway-dev .*: ModelSecurityGroup: ${reason}. Run this again`,
        'm',
      ),
    );
    expect(stdout).toMatch(/^left +the bucket .*: something before it could not be removed$/m);
    expect(await inventory(moto())).toContain(`table ${world.outputs['Table']}`);
  });
});
