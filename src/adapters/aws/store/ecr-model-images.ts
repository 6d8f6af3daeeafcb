import { BatchDeleteImageCommand, type ECRClient, paginateListImages } from '@aws-sdk/client-ecr';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { translated } from '#adapters/aws/failures.ts';
import { readFunction } from '#adapters/aws/lambda/function-state.ts';
import { modelOfTag } from '#domain/build/image.ts';
import { Failure } from '#domain/failure.ts';
import type { ModelImage, ModelImages } from '#ports/model-images.ts';

type Options = {
  readonly client: ECRClient;
  readonly lambda: LambdaClient;
  /** URI of the repository of the models' images. */
  readonly repository: string;
  /** A model's function is named by this and the model. */
  readonly functionPrefix: string;
};

/** The images of models in ECR. */
export function ecrModelImages({
  client,
  lambda,
  repository,
  functionPrefix,
}: Options): ModelImages {
  const repositoryName = repository.slice(repository.indexOf('/') + 1);

  /**
   * What was a candidate last is in $LATEST for good, and a function whose image is gone is Failed, which the next candidate would be too.
   * https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
   */
  async function isLatest(tag: string, digest: string): Promise<boolean> {
    const latest = await readFunction(lambda, `${functionPrefix}${modelOfTag(tag)}`);
    return latest?.imageUri.endsWith(`@${digest}`) ?? false;
  }

  return {
    all: () =>
      translated(async () => {
        const query = { repositoryName, filter: { tagStatus: 'TAGGED' as const } };
        const images: ModelImage[] = [];
        for await (const { imageIds = [] } of paginateListImages(
          { client, pageSize: 1000 },
          query,
        )) {
          for (const { imageTag: tag = '', imageDigest: digest = '' } of imageIds) {
            images.push({ tag, digest });
          }
        }
        return images;
      }),
    async remove({ tag, digest }) {
      if (await isLatest(tag, digest)) return false;
      // By its tag: two models of the same bytes have one image, and by its digest both would lose it.
      // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
      const remove = new BatchDeleteImageCommand({ repositoryName, imageIds: [{ imageTag: tag }] });
      const { failures = [] } = await translated(() => client.send(remove));
      const failure = failures.find(({ failureCode }) => failureCode !== 'ImageNotFound');
      if (!failure) return true;
      const { failureCode, failureReason } = failure;
      throw new Failure('PlatformUnavailable', `${tag}: ${failureCode}: ${failureReason}`);
    },
  };
}
