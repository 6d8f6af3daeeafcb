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
  /** URI of the repository of model images. */
  readonly repository: string;
  /** The prefix of a model function's name, before the model. */
  readonly functionPrefix: string;
};

/** The model images in ECR. */
export function ecrModelImages({
  client,
  lambda,
  repository,
  functionPrefix,
}: Options): ModelImages {
  const repositoryName = repositoryNameOf(repository);

  /**
   * $LATEST keeps the last candidate's image forever, and a function whose image is deleted is Failed, which would also fail the next candidate.
   * https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
   */
  async function isLatest(tag: string, digest: string): Promise<boolean> {
    const latest = await readFunction(lambda, `${functionPrefix}${modelOfTag(tag)}`);
    return latest?.imageUri.endsWith(`@${digest}`) ?? false;
  }

  return {
    all: ecrTaggedImages({ client, repository }).all,
    async remove({ tag, digest }) {
      if (await isLatest(tag, digest)) return false;
      // Deletes by tag: two models with the same bytes share an image, and deleting it by digest would remove both.
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

/** The tagged images in a repository, for who only looks. */
export function ecrTaggedImages({
  client,
  repository,
}: Pick<Options, 'client' | 'repository'>): Pick<ModelImages, 'all'> {
  const repositoryName = repositoryNameOf(repository);
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
  };
}

export function repositoryNameOf(uri: string): string {
  return uri.slice(uri.indexOf('/') + 1);
}
