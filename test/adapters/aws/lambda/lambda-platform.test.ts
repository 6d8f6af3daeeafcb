import { BatchDeleteImageCommand } from '@aws-sdk/client-ecr';
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import { invokeModel } from '#adapters/aws/lambda/invoke-model.ts';
import { modelOf } from '#domain/identity.ts';
import { describePlatform } from '../../../contracts/platform.ts';
import { awsClient } from '../../../support/aws/clients.ts';
import { API_STAGE, lambdaPlatformWorld } from '../../../support/aws/lambda-platform.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { imageBeingScanned } from '../../../support/aws/rules/ecr.ts';
import { lambdaMemory } from '../../../support/aws/rules/lambda-memory.ts';
import { addMiddleware, awsError, awsRules } from '../../../support/aws/rules/rules.ts';
import { behaving } from '../../../support/servers/behaviour.ts';

type World = Awaited<ReturnType<typeof lambdaPlatformWorld>>;

const FATES = { serves: 'answers', fails: 'crashes-at-load', hangs: 'never-ready' } as const;
const ANSWERS = behaving('answers');
const EPOCH = 1;
const LONG = { waitMs: 60_000 };
const AT_ONCE = { waitMs: 0 };
const NAME = 'slipway-test-m-digits';
// A server that crashes at its start has done so by then, on a busy machine too; one that hangs is waited for as long.
const CRASHED_BY_MS = 5_000;

describeOnMoto('lambdaPlatform on moto', (moto) => {
  describePlatform('lambdaPlatform', async () => {
    const world = await lambdaPlatformWorld(moto(), CRASHED_BY_MS);
    const lambda = world.lambda();
    return {
      platform: world.platform,
      endsLateStarts: false,
      idleDrainSeconds: 0,
      busyDrainSeconds: 0,
      lastWords: 'the model has no graph',
      spec: (fate, over) => world.spec(behaving(FATES[fate]), over),
      async request(revision) {
        const model = modelOf(revision);
        const functionName = world.functions.prefix + model;
        const target = { functionName, qualifier: '1', stage: API_STAGE };
        const call = invokeModel(lambda, target, { model, method: 'GET', path: '/ping' }, 1_000);
        return () => void call.catch(() => undefined);
      },
      starts: async (revision) => world.front.starts(revision),
      close: world.close,
    };
  });

  describe('lambdaPlatform', () => {
    let world: World;
    beforeEach(async () => {
      world = await lambdaPlatformWorld(moto());
    });
    afterEach(() => world.close());

    async function deployed(version: number) {
      const spec = world.spec(ANSWERS, { version });
      await world.platform.create(spec, EPOCH);
      await world.platform.describe(spec.revision, LONG);
      return spec;
    }

    async function versions(): Promise<Record<string, string>> {
      const { Versions = [] } = await world
        .lambda()
        .send(new ListVersionsByFunctionCommand({ FunctionName: NAME }));
      const published = Versions.filter(({ Version }) => Version !== '$LATEST');
      return Object.fromEntries(published.map((each) => [each.Description, each.Version]));
    }

    it('is tried again while the image is being scanned, which Lambda calls a lack of permission', async () => {
      const lambda = awsRules([imageBeingScanned(2)]).guard(world.lambda({ maxAttempts: 1 }));
      const spec = world.spec(ANSWERS);
      const create = () => world.platformOver(lambda).create(spec, EPOCH);

      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(create()).rejects.toMatchObject({
          name: 'PlatformUnavailable',
          fix: expect.stringMatching(/while the image is scanned/),
        });
      }
      await expect(create()).resolves.toBeUndefined();
    });

    it('keeps how much memory the account gives a function, which a refusal alone tells', async () => {
      const lambda = awsRules(lambdaMemory(512)).guard(world.lambda({ maxAttempts: 1 }));
      const create = (memoryMiB: number) =>
        world.platformOver(lambda).create(world.spec(ANSWERS, { memoryMiB }), EPOCH);

      await expect(create(1769)).rejects.toMatchObject({
        name: 'TargetRefused',
        fix: expect.stringContaining('AWS Support'),
      });
      expect(await world.accountLimits.functionMemory()).toMatchObject({ mostMiB: 512 });
      await expect(create(512)).resolves.toBeUndefined();
    });

    it.each([
      {
        refusal: 'that the API itself checks',
        message:
          "1 validation error detected: Value '1769' at 'memorySize' failed to satisfy constraint: Member must have value less than or equal to 3008",
        memoryMiB: 10_240,
        name: 'TargetRefused',
        learnt: 3008,
      },
      {
        refusal: 'of what is within the limit that it names, which would be refused again',
        message:
          "'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to 3008",
        memoryMiB: 512,
        name: 'RevisionFailed',
        learnt: undefined,
      },
    ])('knows a refusal $refusal', async ({ message, memoryMiB, name, learnt }) => {
      const lambda = world.lambda({ maxAttempts: 1 });
      addMiddleware(lambda, (next, { commandName }) => async (args) => {
        if (commandName !== 'CreateFunctionCommand') return next(args);
        throw awsError({ name: 'InvalidParameterValueException', message, status: 400 });
      });

      const creation = world.platformOver(lambda).create(world.spec(ANSWERS, { memoryMiB }), EPOCH);

      await expect(creation).rejects.toMatchObject({ name });
      expect((await world.accountLimits.functionMemory())?.mostMiB).toBe(learnt);
    });

    it.each([
      {
        message: 'The role defined for the function cannot be assumed by Lambda.',
        outcome: { name: 'PlatformUnavailable', fix: expect.stringContaining('upload again') },
      },
      {
        message:
          'The provided execution role does not have permissions to call CreateNetworkInterface on EC2',
        outcome: { name: 'PlatformUnavailable', fix: expect.stringContaining('upload again') },
      },
      {
        message:
          'Your request has been throttled by EC2, please make sure you have enough API rate limit.',
        outcome: { name: 'PlatformUnavailable', fix: expect.stringContaining('upload again') },
      },
      { message: 'The runtime is not known.', outcome: { name: 'RevisionFailed', fix: '' } },
    ])('takes for what it is: $message', async ({ message, outcome }) => {
      const lambda = world.lambda({ maxAttempts: 1 });
      addMiddleware(lambda, (next, { commandName }) => async (args) => {
        if (commandName !== 'CreateFunctionCommand') return next(args);
        throw awsError({ name: 'InvalidParameterValueException', message, status: 400 });
      });

      const creation = world.platformOver(lambda).create(world.spec(ANSWERS), EPOCH);

      await expect(creation).rejects.toMatchObject(outcome);
    });

    it('makes the function as its image, its server and the API need it', async () => {
      const sent: object[] = [];
      const lambda = tapped(world, (command, input) => {
        if (command === 'CreateFunction') sent.push(input);
        return undefined;
      });
      const spec = world.spec(ANSWERS, { memoryMiB: 1_024 });

      await world.platformOver(lambda).create(spec, EPOCH);

      expect(sent).toEqual([
        {
          FunctionName: NAME,
          PackageType: 'Image',
          Code: { ImageUri: `${world.functions.repository}@${spec.image?.digest}` },
          Architectures: ['x86_64'],
          Description: 'digits-v1',
          MemorySize: 1_024,
          Timeout: 30,
          Role: world.functions.role,
          VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] },
          LoggingConfig: { LogGroup: '/slipway/test/models' },
          Tags: {
            'slipway:stage': 'test',
            'slipway:model': 'digits',
            'slipway:version': '1',
            'slipway:team': 'unassigned',
          },
          Environment: {
            Variables: {
              MODEL_PATH: '/opt/model/digits.onnx',
              MODEL_NAME: 'digits',
              MODEL_VERSION: '1',
              SLIPWAY_REVISION: 'digits-v1',
              SLIPWAY_DEPLOYMENT: 'd1',
              SLIPWAY_IMAGE: spec.image?.digest,
              ORT_DISABLE_TELEMETRY: '1',
              PORT: '8080',
              AWS_LWA_PORT: '8080',
              AWS_LWA_READINESS_CHECK_PATH: '/ping',
              AWS_LWA_READINESS_CHECK_HEALTHY_STATUS: '200-399',
              AWS_LWA_HOST: '127.0.0.1',
              AWS_LWA_REMOVE_BASE_PATH: '/models/digits',
              AWS_LWA_ASYNC_INIT: 'true',
              AWS_LWA_INVOKE_MODE: 'buffered',
            },
          },
        },
      ]);
    });

    it('lets a function that streams do so for as long as Lambda lets it run', async () => {
      const sent: { Timeout?: number; Environment?: { Variables: object } }[] = [];
      const lambda = tapped(world, (command, input) => {
        if (command === 'CreateFunction') sent.push(input);
        return undefined;
      });

      await world.platformOver(lambda).create(world.spec(ANSWERS, { isStreaming: true }), EPOCH);

      expect(sent).toEqual([expect.objectContaining({ Timeout: 900 })]);
      expect(sent[0]?.Environment?.Variables).toMatchObject({
        AWS_LWA_INVOKE_MODE: 'response_stream',
      });
    });

    it('is ready by an answer that streams too', async () => {
      const { platform } = world;
      const spec = world.spec(ANSWERS, { isStreaming: true });
      await platform.create(spec, EPOCH);

      const state = await platform.describe(spec.revision, LONG);

      expect(state).toMatchObject({ kind: 'ready' });
    });

    it('changes the settings, waits, changes the image, waits, publishes', async () => {
      await deployed(1);
      const commands: string[] = [];
      const lambda = tapped(world, (command) => {
        commands.push(command);
        return undefined;
      });
      const platform = world.platformOver(lambda);
      const spec = world.spec(ANSWERS, { version: 2 });

      await platform.create(spec, EPOCH);
      await platform.describe(spec.revision, LONG);

      expect(commands.filter((command) => /^(?:Update|Publish)/.test(command))).toEqual([
        'UpdateFunctionConfiguration',
        'UpdateFunctionCode',
        'PublishVersion',
      ]);
      expect(await versions()).toEqual({ 'digits-v1': '1', 'digits-v2': '2' });
    });

    it('gives the function the tags of its newest version, by which its cost is shown', async () => {
      await deployed(1);
      const spec = world.spec(ANSWERS, { version: 2, team: 'vision' });

      await world.platform.create(spec, EPOCH);

      const found = await world.lambda().send(new GetFunctionCommand({ FunctionName: NAME }));
      expect(found.Tags).toEqual({
        'slipway:stage': 'test',
        'slipway:model': 'digits',
        'slipway:version': '2',
        'slipway:team': 'vision',
      });
    });

    it('goes on with a revision whose settings are there and whose image is not', async () => {
      await deployed(1);
      const spec = world.spec(ANSWERS, { version: 2 });
      const lambda = tapped(world, (command) => {
        if (command === 'UpdateFunctionCode') throw new Error('the step ended here');
        return undefined;
      });
      await world
        .platformOver(lambda)
        .create(spec, EPOCH)
        .catch(() => undefined);

      const before = await world.platform.describe(spec.revision, { waitMs: 5_000 });
      await world.platform.create(spec, EPOCH);

      expect(before).toEqual({ kind: 'pending', reason: 'its image is not set yet' });
      expect(await world.platform.describe(spec.revision, LONG)).toMatchObject({ kind: 'ready' });
      expect(await versions()).toEqual({ 'digits-v1': '1', 'digits-v2': '2' });
    });

    it.each([
      { code: 'InvalidImage', text: 'Lambda cannot read its image' },
      { code: 'ImageAccessDenied', text: 'Lambda may not pull its image' },
      { code: 'SubnetOutOfIPAddresses', text: 'its subnets have no addresses left' },
      { code: 'SomethingNew', text: 'Lambda cannot run it' },
    ])('tells a creation that failed with $code apart', async ({ code, text }) => {
      world.states.failNext(NAME, { code, reason: 'as it says' });
      const spec = world.spec(ANSWERS);
      await world.platform.create(spec, EPOCH);

      expect(await world.platform.describe(spec.revision, LONG)).toEqual({
        kind: 'failed',
        reason: `${text} (${code}: as it says)`,
        logTail: [],
      });
    });

    it('replaces a function whose creation failed, for the next revision', async () => {
      world.states.failNext(NAME, { code: 'InvalidImage', reason: 'no' });
      await deployed(1);

      const { revision } = await deployed(2);

      expect(await world.platform.describe(revision, AT_ONCE)).toMatchObject({ kind: 'ready' });
      expect(await versions()).toEqual({ 'digits-v2': '1' });
    });

    it('leaves the versions that serve alone when an update fails, and takes the next', async () => {
      await deployed(1);
      world.states.failNext(NAME, { code: 'InvalidSubnet', reason: 'no' });
      const second = await deployed(2);

      const failed = await world.platform.describe(second.revision, AT_ONCE);
      await world.platform.create(second, EPOCH);
      const stillFailed = await world.platform.describe(second.revision, AT_ONCE);
      await deployed(3);

      expect([failed.kind, stillFailed.kind]).toEqual(['failed', 'failed']);
      expect(Object.keys(await versions())).toEqual(['digits-v1', 'digits-v3']);
    });

    it('never publishes a revision again that was removed', async () => {
      await deployed(1);
      const { revision } = await deployed(2);

      await world.platform.remove(revision, EPOCH);

      expect(await world.platform.describe(revision, LONG)).toEqual({ kind: 'absent' });
      expect(await versions()).toEqual({ 'digits-v1': '1' });
    });

    it('removes a revision that never got its version, beside one that serves', async () => {
      await deployed(1);
      const spec = world.spec(ANSWERS, { version: 2 });
      await world.platform.create(spec, EPOCH);

      await world.platform.remove(spec.revision, EPOCH);

      expect(await world.platform.describe(spec.revision, LONG)).toEqual({ kind: 'absent' });
      expect(await versions()).toEqual({ 'digits-v1': '1' });
    });

    it('leaves no function when the last revision is removed', async () => {
      const first = await deployed(1);
      const second = await deployed(2);

      await world.platform.remove(second.revision, EPOCH);
      await world.platform.remove(first.revision, EPOCH);

      const look = world.lambda().send(new GetFunctionCommand({ FunctionName: NAME }));
      await expect(look).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    });

    it('forgets a function that never got a version and is no revision’s any more', async () => {
      await deployed(1);
      await deployed(2);
      await world.platform.remove('digits-v2', EPOCH);
      const FunctionName = NAME;
      const only = new DeleteFunctionCommand({ FunctionName, Qualifier: '1' });
      await world.lambda().send(only);

      await world.platform.forget('digits', 1);

      const look = world.lambda().send(new GetFunctionCommand({ FunctionName }));
      await expect(look).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    });

    it('leaves a function that serves alone when its model is forgotten', async () => {
      const { revision } = await deployed(1);

      await world.platform.forget('digits', 1);

      expect(await world.platform.describe(revision, AT_ONCE)).toMatchObject({ kind: 'ready' });
    });

    it('names no revision of a function that is not a model’s', async () => {
      await deployed(1);
      const { role: Role, repository } = world.functions;
      const Code = { ImageUri: repository };
      const foreign = { FunctionName: 'mine-digits', Description: 'digits-v7' };
      await awsClient(LambdaClient, moto()).send(
        new CreateFunctionCommand({ ...foreign, Role, Code, PackageType: 'Image' }),
      );

      expect(await world.platform.revisions()).toEqual([
        { revision: 'digits-v1', model: 'digits' },
      ]);
    });

    it('wakes a revision that Lambda has put aside', async () => {
      const { revision } = await deployed(1);
      world.states.putAside(NAME, '1');

      const asleep = await world.platform.describe(revision, AT_ONCE);

      expect(asleep).toMatchObject({ kind: 'pending', reason: expect.stringContaining('aside') });
      expect(await world.platform.describe(revision, LONG)).toMatchObject({ kind: 'ready' });
    });

    it('publishes from a function that Lambda has put aside', async () => {
      const spec = world.spec(ANSWERS);
      await world.platform.create(spec, EPOCH);
      world.states.putAside(NAME, '$LATEST');

      expect((await world.platform.describe(spec.revision, AT_ONCE)).kind).toBe('pending');
      expect(await world.platform.describe(spec.revision, LONG)).toMatchObject({ kind: 'ready' });
    });

    it('says that the image of a revision was deleted', async () => {
      const spec = await deployed(1);
      const imageIds = [{ imageDigest: spec.image?.digest }];
      const repositoryName = 'slipway-test-models';
      await world.ecr.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));

      expect(await world.platform.describe(spec.revision, AT_ONCE)).toMatchObject({
        kind: 'failed',
        reason: expect.stringContaining('its image is gone from the repository'),
      });
    });

    it('says which image Lambda does not take', async () => {
      const spec = world.spec(ANSWERS);
      const image = { ...spec.image!, digest: `sha256:${'f'.repeat(64)}` };

      const creation = world.platform.create({ ...spec, image }, EPOCH);

      await expect(creation).rejects.toMatchObject({
        name: 'RevisionFailed',
        message: expect.stringContaining('does not exist'),
      });
    });

    it('makes no revision without an image', async () => {
      const creation = world.platform.create(world.spec(ANSWERS, { image: null }), EPOCH);

      await expect(creation).rejects.toMatchObject({ name: 'InputInvalid' });
    });

    it('waits 50 s for somebody else’s change, no longer', async () => {
      await deployed(1);
      const busy = (output: object) => {
        const { Configuration } = output as { Configuration: object };
        return { ...output, Configuration: { ...Configuration, LastUpdateStatus: 'InProgress' } };
      };
      const stuck = tapped(world, (command) => (command === 'GetFunction' ? busy : undefined));
      const startedMs = world.clock.now();

      const creation = world.platformOver(stuck).create(world.spec(ANSWERS, { version: 2 }), EPOCH);

      await expect(creation).rejects.toMatchObject({ name: 'PlatformUnavailable' });
      expect(world.clock.now() - startedMs).toBe(50_000);
    });
  });
});

/** Tells the name and input of each call, and may change its output. */
type Tap = (command: string, input: object) => ((output: object) => object) | undefined;

function tapped(world: World, tap: Tap): LambdaClient {
  return world.lambda({
    outer: (client) =>
      addMiddleware(client, (next, { commandName }) => async (args) => {
        const amend = tap(commandName.replace(/Command$/, ''), args.input);
        const answer = await next(args);
        return amend ? { ...answer, output: amend(answer.output) } : answer;
      }),
  });
}
