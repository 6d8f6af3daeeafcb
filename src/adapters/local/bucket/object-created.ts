import type { StoredObject } from '#ports/artifact-store.ts';

export type ObjectCreatedEvent = ReturnType<typeof objectCreatedEvent>;

/**
 * The event that S3 sends to EventBridge for a new version, which is the deploy workflow's input. The same version always makes the same event.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */
export function objectCreatedEvent(object: StoredObject) {
  const { bucket, key, versionId, sizeBytes, checksum, sequencer, lastModifiedMs } = object;
  const { owner } = object;
  return {
    version: '0',
    id: versionId,
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '000000000000',
    time: new Date(lastModifiedMs).toISOString().replace(/[.]\d+Z$/, 'Z'),
    region: 'local',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: {
        key,
        size: sizeBytes,
        etag: checksum.slice(checksum.indexOf(':') + 1),
        'version-id': versionId,
        sequencer,
      },
      'request-id': sequencer.toUpperCase(),
      // A file has no request behind it: its owner is all that is known, and where that is not, nothing.
      ...(owner !== undefined && { requester: owner }),
      reason: 'PutObject',
    },
  } as const;
}
