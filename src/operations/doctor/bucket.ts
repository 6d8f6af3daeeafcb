import {
  GetBucketNotificationConfigurationCommand,
  GetBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import type { clientSettings } from '#operations/account/clients.ts';
import { fail, ok } from './doctor.ts';

const DEPLOY_AGAIN = 'Deploy the stack again.';

/** Checks the two bucket settings that Slipway needs: without them an upload starts nothing, or a later upload changes it. */
export async function lookAtBucket(settings: ReturnType<typeof clientSettings>, Bucket: string) {
  const client = new S3Client(settings);
  const [versioning, notifications] = await Promise.all([
    translated(() => client.send(new GetBucketVersioningCommand({ Bucket }))),
    translated(() => client.send(new GetBucketNotificationConfigurationCommand({ Bucket }))),
  ]);
  if (versioning.Status !== 'Enabled') return fail(`${Bucket} is not versioned`, DEPLOY_AGAIN);
  if (!notifications.EventBridgeConfiguration) {
    return fail(`${Bucket} does not send its events to EventBridge`, DEPLOY_AGAIN);
  }
  return ok(Bucket);
}
