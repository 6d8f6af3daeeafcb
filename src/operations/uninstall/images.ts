import { BatchDeleteImageCommand, ECRClient, ListImagesCommand } from '@aws-sdk/client-ecr';
import { translated } from '#adapters/aws/failures.ts';
import { Failure } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { type Removal, unlessGone } from './removal.ts';

// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchDeleteImage.html
const AT_ONCE = 100;

/** The removal of the images of all models, or of all environments. Nothing runs them once the functions are gone. */
export function removalOfImages(account: AwsAccount, uri: string): Removal {
  const client = new ECRClient(clientSettings(account));
  return {
    what: `the images in ${uri}`,
    async remove() {
      await unlessGone(() => empty(client, uri.slice(uri.indexOf('/') + 1)));
    },
  };
}

async function empty(client: ECRClient, repositoryName: string): Promise<void> {
  for (;;) {
    const list = new ListImagesCommand({ repositoryName, maxResults: AT_ONCE });
    const { imageIds = [] } = await translated(() => client.send(list));
    if (imageIds.length === 0) return;
    const remove = new BatchDeleteImageCommand({ repositoryName, imageIds });
    const { failures = [] } = await translated(() => client.send(remove));
    const [first] = failures;
    if (first)
      throw new Failure('PlatformUnavailable', `${first.failureCode}: ${first.failureReason}`);
  }
}
