import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { translated } from '#adapters/aws/failures.ts';
import type { ListedObject, ListedPage, Wanted } from '#ports/artifact-store.ts';

type Output = Partial<ListObjectVersionsCommandOutput>;

/** The newest version of each wanted key that is not deleted, in key order. */
export async function listNewest(
  client: S3Client,
  bucket: string,
  prefix: string,
  { limit, isWanted }: Wanted,
): Promise<readonly ListedObject[]> {
  const newest: ListedObject[] = [];
  let after: string | null = '';
  while (after !== null && newest.length < limit) {
    const page: ListedPage = await newestPage(client, bucket, prefix, after);
    newest.push(...page.objects.filter(({ key }) => isWanted(key.slice(prefix.length))));
    after = page.next;
  }
  return newest.slice(0, limit);
}

/** One page, of the keys after `after`. A key's newest version comes first, so the others are skipped. */
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
    // A key may contain characters that XML cannot represent, which would break the whole listing.
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
