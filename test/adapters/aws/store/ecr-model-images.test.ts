import { createHash } from 'node:crypto';
import {
  BatchDeleteImageCommand,
  DescribeImagesCommand,
  ECRClient,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { ecrModelImages } from '#adapters/aws/store/ecr-model-images.ts';
import { modelOfTag } from '#domain/build/image.ts';
import { describeModelImages } from '../../../contracts/model-images.ts';
import { AWS_REGION, awsClient } from '../../../support/aws/clients.ts';
import { itBearsFaults } from '../../../support/aws/fault-matrix.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { manifest, modelFunctionsWorld } from '../../../support/aws/model-functions.ts';
import { describeOnMoto, type Moto } from '../../../support/aws/moto.ts';
import type { AnyClient } from '../../../support/aws/rules/rules.ts';
import { scriptedServer } from '../../../support/fronts/scripted-server.ts';

const NO_SERVER = scriptedServer(() => () => undefined);
const DIGITS = `digits-${'a'.repeat(32)}`;

async function imagesWorld(moto: Moto) {
  const world = await modelFunctionsWorld(moto, NO_SERVER);
  const { functions, ecr } = world;
  const { repository, prefix: functionPrefix } = functions;
  const repositoryName = repository.slice(repository.indexOf('/') + 1);
  const over = (client: ECRClient, lambda: LambdaClient) =>
    ecrModelImages({ client, lambda, repository, functionPrefix });
  return {
    images: over(awsClient(ECRClient, moto), world.lambda()),
    over,
    /** Has separate clients, which try once. */
    by(outer: (client: AnyClient) => void) {
      const client = awsClient(ECRClient, moto, undefined, { maxAttempts: 1 });
      outer(client);
      return over(client, world.lambda({ maxAttempts: 1, outer }));
    },
    async build(imageTag: string, bytes: string) {
      const imageManifest = JSON.stringify(manifest(bytes));
      await ecr.send(new PutImageCommand({ repositoryName, imageManifest, imageTag }));
    },
    /** Holds the image as $LATEST does, whether or not a version was made of it. */
    async hold(imageTag: string) {
      const ask = { repositoryName, imageIds: [{ imageTag }] };
      const { imageDetails = [] } = await ecr.send(new DescribeImagesCommand(ask));
      await world.lambda().send(
        new CreateFunctionCommand({
          FunctionName: functionPrefix + modelOfTag(imageTag),
          Role: functions.role,
          PackageType: 'Image',
          Code: { ImageUri: `${repository}@${imageDetails[0]?.imageDigest}` },
        }),
      );
    },
    close: () => world.close(),
  };
}

describeOnMoto('the images of models in ECR', (moto) => {
  describeModelImages('ecrModelImages', () => imagesWorld(moto()));

  it('are all named, however many there are', async () => {
    const world = await imagesWorld(moto());
    const tags = Array.from({ length: 101 }, (_, index) => `digits-${hash(index)}`);
    for (const tag of tags) await world.build(tag, tag);

    const found = (await world.images.all()).map(({ tag }) => tag);

    expect(found.toSorted()).toEqual(tags.toSorted());
    await world.close();
  });

  it.each([
    ['ListImages', 'denied', 'PlatformDenied'],
    ['ListImages', 'throttled', 'PlatformThrottled'],
    ['ListImages', 'broken', 'PlatformUnavailable'],
    ['BatchDeleteImage', 'denied', 'PlatformDenied'],
    ['BatchDeleteImage', 'throttled', 'PlatformThrottled'],
    ['BatchDeleteImage', 'reply lost', 'PlatformUnavailable'],
  ] as const)('fail by name when %s is %s', async (command, fault, name) => {
    const world = await imagesWorld(moto());
    await world.build(DIGITS, 'one');
    const client = awsClient(ECRClient, moto(), undefined, { maxAttempts: 1 });
    const failing = awsFault(client, command, fault);
    const images = world.over(client, awsClient(LambdaClient, moto()));

    const clear = async () => {
      for (const image of await images.all()) await images.remove(image);
    };

    await expect(clear()).rejects.toMatchObject({ name });
    expect(failing.count()).toBe(1);
    await world.close();
  });

  it('are not deleted by who cannot see what the function starts from', async () => {
    const world = await imagesWorld(moto());
    await world.build(DIGITS, 'one');
    await world.hold(DIGITS);
    const lambda = awsClient(LambdaClient, moto(), undefined, { maxAttempts: 1 });
    awsFault(lambda, 'GetFunction', 'denied');
    const images = world.over(awsClient(ECRClient, moto()), lambda);
    const [image] = await images.all();

    await expect(images.remove(image!)).rejects.toMatchObject({ name: 'PlatformDenied' });

    expect(await images.all()).toEqual([image]);
    await world.close();
  });

  itBearsFaults('the removal of an image', async () => {
    const world = await imagesWorld(moto());
    await world.build(DIGITS, 'one');
    await world.build(`digits-${'b'.repeat(32)}`, 'two');
    return {
      async deed(outer) {
        const images = world.by(outer);
        const image = (await images.all()).find(({ tag }) => tag === DIGITS);
        return image === undefined || images.remove(image);
      },
      left: () => world.images.all(),
      close: () => world.close(),
    };
  });
});

// Moto has no such failures. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html
describe('an image that ECR does not delete', () => {
  it('is told with the reason', async () => {
    const client = new ECRClient({ region: AWS_REGION });
    const failure = { failureCode: 'KmsError', failureReason: 'the key is gone' } as const;
    mockClient(client)
      .on(BatchDeleteImageCommand)
      .resolves({ failures: [failure] });
    const lambda = new LambdaClient({ region: AWS_REGION });
    mockClient(lambda).rejects(Object.assign(new Error(), { name: 'ResourceNotFoundException' }));
    const images = ecrModelImages({ client, lambda, repository: 'r/models', functionPrefix: 'm-' });

    await expect(images.remove({ tag: DIGITS, digest: 'sha256:1' })).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: `${DIGITS}: KmsError: the key is gone`,
    });
  });
});

function hash(index: number): string {
  return createHash('md5').update(String(index)).digest('hex');
}
