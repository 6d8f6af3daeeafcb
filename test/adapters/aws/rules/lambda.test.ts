import {
  AddPermissionCommand,
  CreateAliasCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  InvokeCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { awsClient } from '../../../support/aws/clients.ts';
import { modelFunctionsWorld } from '../../../support/aws/model-functions.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { lambdaRate } from '../../../support/aws/rules/lambda-rate.ts';
import { awsRules } from '../../../support/aws/rules/rules.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { scriptedServer } from '../../../support/fronts/scripted-server.ts';

const FunctionName = 'slipway-test-m-digits';
const LIVE = { FunctionName, Name: 'live' };
const NO_SERVER = scriptedServer(() => () => undefined);

describeOnMoto('the rules of Lambda', (moto) => {
  let world: Awaited<ReturnType<typeof modelFunctionsWorld>>;
  let lambda: LambdaClient;
  beforeEach(async () => {
    world = await modelFunctionsWorld(moto(), NO_SERVER);
    await world.publish('digits', ['digits-v1', 'digits-v2', 'digits-v3']);
    lambda = world.lambda({ maxAttempts: 1 });
  });
  afterEach(() => world.close());

  const look = (): Promise<GetFunctionCommandOutput> =>
    lambda.send(new GetFunctionCommand({ FunctionName }));
  const configure = (more = {}) =>
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 256, ...more }));
  const alias = (FunctionVersion: string, weights: Record<string, number> = {}) => {
    const RoutingConfig = { AdditionalVersionWeights: weights };
    return lambda.send(new CreateAliasCommand({ ...LIVE, FunctionVersion, RoutingConfig }));
  };

  it('a new function is Pending for a while, and takes no change and no request', async () => {
    const Code = { ImageUri: world.functions.repository };
    const name = { FunctionName: 'new' };
    await lambda.send(
      new CreateFunctionCommand({
        ...name,
        Role: world.functions.role,
        Code,
        PackageType: 'Image',
      }),
    );

    const publication = lambda.send(new PublishVersionCommand(name));
    await expect(publication).rejects.toMatchObject({ name: 'ResourceConflictException' });
    const invocation = lambda.send(new InvokeCommand(name));
    await expect(invocation).rejects.toMatchObject({ name: 'ResourceConflictException' });
    const states = [];
    for (let looks = 0; looks < 3; looks += 1) {
      const { Configuration } = await lambda.send(new GetFunctionCommand(name));
      states.push(Configuration?.State);
    }
    expect(states).toEqual(['Pending', 'Pending', 'Active']);
  });

  it('a change is InProgress for a while, and refuses the next', async () => {
    await configure();

    await expect(configure()).rejects.toMatchObject({ name: 'ResourceConflictException' });
    const statuses = [];
    for (let looks = 0; looks < 3; looks += 1) {
      statuses.push((await look()).Configuration?.LastUpdateStatus);
    }
    expect(statuses).toEqual(['InProgress', 'InProgress', 'Successful']);
  });

  it('a change that fails says why', async () => {
    world.states.failNext(FunctionName, { code: 'InvalidImage', reason: 'no' });
    await configure();
    for (let looks = 0; looks < 2; looks += 1) await look();

    expect((await look()).Configuration).toMatchObject({
      LastUpdateStatus: 'Failed',
      LastUpdateStatusReasonCode: 'InvalidImage',
    });
  });

  it.each([
    {
      name: 'a change of settings',
      change: (RevisionId?: string) => configure({ RevisionId }),
    },
    {
      name: 'a change of image',
      change: (RevisionId?: string) =>
        lambda.send(new UpdateFunctionCodeCommand({ FunctionName, RevisionId })),
    },
    {
      name: 'a publication',
      change: (RevisionId?: string) =>
        lambda.send(new PublishVersionCommand({ FunctionName, RevisionId })),
    },
  ])(
    '$name with a RevisionId from before a change is refused, also once that has ended',
    async ({ change }) => {
      const before = (await look()).Configuration?.RevisionId;
      const during = (await configure()).RevisionId;
      for (let looks = 0; looks < 2; looks += 1) await look();

      for (const stale of [before, during]) {
        await expect(change(stale)).rejects.toMatchObject({ name: 'PreconditionFailedException' });
      }
    },
  );

  it('a stale RevisionId of an alias is refused', async () => {
    const { RevisionId } = await alias('1');
    const update = { ...LIVE, FunctionVersion: '2', RevisionId };
    await lambda.send(new UpdateAliasCommand(update));

    const second = lambda.send(new UpdateAliasCommand(update));

    await expect(second).rejects.toMatchObject({ name: 'PreconditionFailedException' });
    expect((await lambda.send(new GetAliasCommand(LIVE))).RevisionId).not.toBe(RevisionId);
  });

  it.each([
    { name: 'three versions', version: '1', weights: { 2: 0.1, 3: 0.1 } },
    { name: 'a weight over 1', version: '1', weights: { 2: 1.1 } },
    { name: '$LATEST', version: '$LATEST', weights: { 2: 0.1 } },
    { name: 'one version twice', version: '1', weights: { 1: 0.1 } },
    { name: 'a version that is not there', version: '1', weights: { 9: 0.1 } },
  ])('an alias with $name is refused', async ({ version, weights }) => {
    await expect(alias(version, weights as Record<string, number>)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
  });

  it('an alias is made once', async () => {
    await alias('1');

    await expect(alias('2')).rejects.toMatchObject({
      name: 'ResourceConflictException',
      $metadata: { httpStatusCode: 409 },
    });
    expect(world.rules.fired()).toContain('lambda: an alias is made once');
  });

  it('a version that an alias names is not deleted', async () => {
    await alias('1', { 2: 0.1 });

    for (const Qualifier of ['1', '2']) {
      const deletion = lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier }));
      await expect(deletion).rejects.toMatchObject({ name: 'ResourceConflictException' });
    }
  });

  it('the number of a deleted version is not used again', async () => {
    await lambda.send(new DeleteFunctionCommand({ FunctionName, Qualifier: '2' }));
    await configure();
    for (let looks = 0; looks < 2; looks += 1) await look();
    const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName }));

    const { Versions = [] } = await lambda.send(
      new ListVersionsByFunctionCommand({ FunctionName }),
    );
    expect(Version).toBe('4');
    expect(Versions.map((each) => each.Version)).toEqual(['$LATEST', '1', '3', '4']);
    const gone = lambda.send(new GetFunctionCommand({ FunctionName, Qualifier: '2' }));
    await expect(gone).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('a statement id is given once', async () => {
    await alias('1');
    const permission = {
      FunctionName,
      Qualifier: 'live',
      StatementId: 'route',
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
    };
    await lambda.send(new AddPermissionCommand(permission));

    const again = lambda.send(new AddPermissionCommand(permission));

    await expect(again).rejects.toMatchObject({ name: 'ResourceConflictException' });
  });

  it('the control plane takes 15 requests a second', async () => {
    const clock = fakeClock(0);
    const rules = awsRules(lambdaRate(clock.now));
    const client = awsClient(LambdaClient, moto(), rules, { maxAttempts: 1 });
    const list = () => client.send(new ListVersionsByFunctionCommand({ FunctionName }));
    for (let calls = 0; calls < 15; calls += 1) await list();

    await expect(list()).rejects.toMatchObject({ name: 'TooManyRequestsException' });
    clock.advance(1_000);
    await list();

    expect(rules.fired()).toEqual(['lambda: the control plane takes 15 requests a second']);
  });
});
