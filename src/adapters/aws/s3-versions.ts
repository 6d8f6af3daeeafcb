import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { translated } from './failures.ts';

export type Version = { readonly key: string; readonly versionId: string };

type Page = Partial<ListObjectVersionsCommandOutput>;

/** The newest versions of the keys that are not deleted, by key; at most `limit` of them. */
export async function listNewest(
  client: S3Client,
  bucket: string,
  prefix: string,
  limit: number,
): Promise<readonly Version[]> {
  const newest: Version[] = [];
  let page: Page = {};
  do {
    const list = new ListObjectVersionsCommand({
      Bucket: bucket,
      Prefix: prefix,
      KeyMarker: page.NextKeyMarker && readKey(page.NextKeyMarker, page),
      VersionIdMarker: page.NextVersionIdMarker,
      // A key may have characters that no XML can hold, which would break the list of all others.
      EncodingType: 'url',
    });
    page = await translated(() => client.send(list));
    newest.push(...newestOf(page));
  } while (page.IsTruncated && newest.length < limit);
  return newest.slice(0, limit);
}

function newestOf(page: Page): readonly Version[] {
  return (page.Versions ?? [])
    .filter(({ IsLatest }) => IsLatest)
    .map(({ Key = '', VersionId = '' }) => ({ key: readKey(Key, page), versionId: VersionId }));
}

function readKey(key: string, { EncodingType }: Page): string {
  return EncodingType === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
}
