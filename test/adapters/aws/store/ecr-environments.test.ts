import { randomUUID } from 'node:crypto';
import {
  BatchDeleteImageCommand,
  CreateRepositoryCommand,
  DescribeImagesCommand,
  ECRClient,
  PutImageCommand,
} from '@aws-sdk/client-ecr';
import { mockClient } from 'aws-sdk-client-mock';
import { ecrEnvironments } from '#adapters/aws/store/ecr-environments.ts';
import { describeEnvironmentImages } from '../../../contracts/environment-images.ts';
import { AWS_ACCOUNT, AWS_REGION, awsClient } from '../../../support/aws/clients.ts';
import { itBearsFaults } from '../../../support/aws/fault-matrix.ts';
import { awsFault } from '../../../support/aws/faults.ts';
import { manifest } from '../../../support/aws/model-functions.ts';
import { describeOnMoto, type Moto } from '../../../support/aws/moto.ts';

async function environmentsWorld(moto: Moto) {
  const client = awsClient(ECRClient, moto);
  const repositoryName = `slipway-test-${randomUUID()}`;
  const repository = `${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/${repositoryName}`;
  await client.send(new CreateRepositoryCommand({ repositoryName }));
  return {
    environments: ecrEnvironments({ client, repository }),
    repository,
    async build(imageTag: string) {
      const imageManifest = JSON.stringify(manifest(imageTag));
      await client.send(new PutImageCommand({ repositoryName, imageManifest, imageTag }));
    },
    async remove(imageTag: string) {
      const imageIds = [{ imageTag }];
      await client.send(new BatchDeleteImageCommand({ repositoryName, imageIds }));
    },
    close: async () => {},
  };
}

describeOnMoto('the images of environments in ECR', (moto) => {
  describeEnvironmentImages('ecrEnvironments', () => environmentsWorld(moto()));

  it.each([
    ['denied', 'PlatformDenied'],
    ['throttled', 'PlatformThrottled'],
    ['broken', 'PlatformUnavailable'],
    ['reply lost', 'PlatformUnavailable'],
  ] as const)('fail by name when the call is %s', async (fault, name) => {
    const { build, repository } = await environmentsWorld(moto());
    await build('onnx-a1');
    const client = awsClient(ECRClient, moto(), undefined, { maxAttempts: 1 });
    const failing = awsFault(client, 'DescribeImages', fault);

    await expect(
      ecrEnvironments({ client, repository }).missing(['onnx-a1']),
    ).rejects.toMatchObject({ name });

    expect(failing.count()).toBe(1);
  });

  it('are not taken for missing when their repository is', async () => {
    const client = awsClient(ECRClient, moto());
    const repository = `${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/nowhere`;

    await expect(
      ecrEnvironments({ client, repository }).missing(['onnx-a1']),
    ).rejects.toMatchObject({ name: 'RepositoryNotFoundException' });
  });

  itBearsFaults('the look at environments', async () => {
    const { build, repository } = await environmentsWorld(moto());
    await build('onnx-a1');
    return {
      deed(outer) {
        const client = awsClient(ECRClient, moto(), undefined, { maxAttempts: 1 });
        outer(client);
        return ecrEnvironments({ client, repository }).missing(['onnx-a1', 'python-b2']);
      },
      left: async () => undefined,
    };
  });
});

// Moto archives nothing. https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImagesFilter.html
describe('an archived image of an environment', () => {
  it('is missing, as it cannot be pulled', async () => {
    const client = new ECRClient({ region: AWS_REGION });
    mockClient(client).on(DescribeImagesCommand).resolves({ imageDetails: [] });
    const repository = `${AWS_ACCOUNT}.dkr.ecr.${AWS_REGION}.amazonaws.com/environments`;

    expect(await ecrEnvironments({ client, repository }).missing(['onnx-a1'])).toEqual(['onnx-a1']);
  });
});
