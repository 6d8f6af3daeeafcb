import { createHash } from 'node:crypto';
import {
  BatchDeleteImageCommand,
  DeleteRepositoryPolicyCommand,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { CreateFunctionCommand, GetFunctionCommand } from '@aws-sdk/client-lambda';
import { manifest, modelFunctionsWorld } from '../../../support/aws/model-functions.ts';
import { describeOnMoto } from '../../../support/aws/moto.ts';
import { scriptedServer } from '../../../support/fronts/scripted-server.ts';

const NO_SERVER = scriptedServer(() => () => undefined);
const repositoryName = 'slipway-test-models';
const GOOD = manifest('good');
const INDEX = {
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.index.v1+json',
  manifests: [],
};
const ZSTD = {
  ...GOOD,
  layers: [{ ...GOOD.layers[0]!, mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' }],
};

describeOnMoto('what Lambda asks of an image', (moto) => {
  let world: Awaited<ReturnType<typeof modelFunctionsWorld>>;
  beforeEach(async () => {
    world = await modelFunctionsWorld(moto(), NO_SERVER);
  });
  afterEach(() => world.close());

  async function push(image: object): Promise<string> {
    const imageManifest = JSON.stringify(image);
    const imageDigest = `sha256:${createHash('sha256').update(imageManifest).digest('hex')}`;
    await world.ecr.send(
      new PutImageCommand({ repositoryName, imageManifest, imageDigest, imageTag: 'tag' }),
    );
    return imageDigest;
  }

  const create = (ImageUri: string) =>
    world.lambda({ maxAttempts: 1 }).send(
      new CreateFunctionCommand({
        FunctionName: 'digits',
        Role: world.functions.role,
        PackageType: 'Image',
        Code: { ImageUri },
      }),
    );
  const uriOf = (digest: string) => `${world.functions.repository}@${digest}`;

  it('takes one manifest for one platform with gzipped layers', async () => {
    await create(uriOf(await push(GOOD)));

    expect(world.rules.fired().filter((name) => name.includes('image'))).toEqual([]);
  });

  it.each([
    { name: 'an index', image: INDEX, message: /not supported/ },
    { name: 'a zstd layer', image: ZSTD, message: /UnsupportedImageLayerDetected/ },
  ])('refuses $name', async ({ image, message }) => {
    await expect(create(uriOf(await push(image)))).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringMatching(message),
    });
  });

  it('refuses an image that is not there', async () => {
    await expect(create(uriOf(`sha256:${'0'.repeat(64)}`))).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('refuses an image of another region', async () => {
    const uri = uriOf(await push(GOOD)).replace('us-east-1', 'eu-west-1');

    await expect(create(uri)).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  it('refuses an image that the repository does not let it pull', async () => {
    const uri = uriOf(await push(GOOD));
    await world.ecr.send(new DeleteRepositoryPolicyCommand({ repositoryName }));

    await expect(create(uri)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('a function whose image was deleted is Failed', async () => {
    const imageDigest = await push(GOOD);
    await create(uriOf(imageDigest));
    await world.ecr.send(
      new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageDigest }] }),
    );

    const found = await world.lambda().send(new GetFunctionCommand({ FunctionName: 'digits' }));

    expect(found.Configuration).toMatchObject({ State: 'Failed', StateReasonCode: 'ImageDeleted' });
  });
});
