import { DescribeImagesCommand, type ECRClient } from '@aws-sdk/client-ecr';
import { translated } from '#adapters/aws/failures.ts';
import type { EnvironmentImages } from '#ports/environment-images.ts';

type Options = {
  readonly client: ECRClient;
  /** URI of the repository of environments. */
  readonly repository: string;
};

/** The environment images in ECR. */
export function ecrEnvironments({ client, repository }: Options): EnvironmentImages {
  const repositoryName = repository.slice(repository.indexOf('/') + 1);

  // One missing image fails the whole call; BatchGetImage would report each, but needs the right to pull.
  // https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
  async function has(imageTag: string): Promise<boolean> {
    const ask = new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] });
    try {
      // An archived image, which cannot be pulled, is not listed.
      const { imageDetails = [] } = await translated(() => client.send(ask));
      return imageDetails.length > 0;
    } catch (error) {
      if (error instanceof Error && error.name === 'ImageNotFoundException') return false;
      throw error;
    }
  }

  return {
    async missing(tags) {
      const isThere = await Promise.all(tags.map(has));
      return tags.filter((_, index) => !isThere[index]);
    },
  };
}
