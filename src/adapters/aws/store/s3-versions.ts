import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import type { ListedObject, ListedPage } from '#ports/artifact-store.ts';

type Output = Partial<ListObjectVersionsCommandOutput>;

/** The newest versions of the keys that are not deleted, by key; at most `limit` of them. */
export async function listNewest(
  client: S3Client,
  bucket: string,
  prefix: string,
  limit: number,
): Promise<readonly ListedObject[]> {
  const newest: ListedObject[] = [];
  let after: string | null = '';
  while (after !== null && newest.length < limit) {
    const page: ListedPage = await newestPage(client, bucket, prefix, after);
    newest.push(...page.objects);
    after = page.next;
  }
  return newest.slice(0, limit);
}

/** One page of them, of the keys after `after`. The newest version of a key comes first, so the others may be passed over. */
export async function newestPage(
  client: S3Client,
  bucket: string,
  prefix: string,
  after: string,
): Promise<ListedPage> {
  const list = new ListObjectVersionsCommand({
    Bucket: bucket,
    Prefix: prefix,
    KeyMarker: after || undefined,
    // A key may have characters that no XML can hold, which would break the list of all others.
    EncodingType: 'url',
  });
  const page = await translated(() => client.send(list));
  const objects = (page.Versions ?? [])
    .filter(({ IsLatest }) => IsLatest)
    .map(({ Key = '', VersionId = '', LastModified }) => ({
      bucket,
      key: readKey(Key, page),
      versionId: VersionId,
      sequencer: '',
      lastModifiedMs: LastModified?.getTime() ?? 0,
    }));
  const next = page.IsTruncated && page.NextKeyMarker ? readKey(page.NextKeyMarker, page) : null;
  return { objects, next };
}

function readKey(key: string, { EncodingType }: Output): string {
  return EncodingType === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
}
