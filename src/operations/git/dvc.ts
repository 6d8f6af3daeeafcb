import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { MAX_PARTS } from '#domain/artifact/limit.ts';
import { Failure } from '#domain/failure.ts';
import { tooDeepLine } from '#formats/yaml/nesting.ts';
import type { Git } from './git.ts';
import type { ModelFile, Stores } from './model-file.ts';

const ENDING = '.dvc';
const CONFIG = '.dvc/config';
const MOST_CONFIG_BYTES = 64 * 1024;
// A thousand entries with the longest paths.
const MOST_LISTING_BYTES = 2 * 1024 * 1024;

// https://dvc.org/doc/user-guide/project-structure/dvc-files
const pointer = z.object({
  wdir: z.optional(z.literal('.')),
  outs: z
    .array(
      z.object({
        md5: z.string().check(z.regex(/^[0-9a-f]{32}(\.dir)?$/)),
        hash: z.optional(z.string()),
        path: z.string().check(z.minLength(1)),
      }),
    )
    .check(z.minLength(1), z.maxLength(MAX_PARTS)),
});

// https://dvc.org/doc/user-guide/project-structure/internal-files#structure-of-the-cache-directory
const listing = z
  .array(z.object({ md5: z.string().check(z.regex(/^[0-9a-f]{32}$/)), relpath: z.string() }))
  .check(z.maxLength(MAX_PARTS + 1));

export function isDvcPointer(name: string): boolean {
  return name.endsWith(ENDING);
}

/** The folders in which to look for what DVC keeps. The remotes of the pushed .dvc/config count only where they are in the bucket: no other place that a push names is read. */
export async function dvcStores(
  git: Git,
  commit: string,
  { dvc, bucket }: Pick<Stores, 'dvc' | 'bucket'>,
): Promise<readonly string[]> {
  if (bucket === null) return dvc;
  const listed = await git.text('ls-tree', '-l', '-z', '--full-tree', commit, CONFIG);
  const [, oid = '', size = ''] = /^100\d{3} blob ([0-9a-f]+) +(\d+)\t/.exec(listed) ?? [];
  if (oid === '' || Number(size) > MOST_CONFIG_BYTES) return dvc;
  const [bytes] = await git.blobs([oid]);
  const urls = (bytes?.toString() ?? '').matchAll(/^\s*url\s*=\s*s3:\/\/bucket(\/[^\n]*)?$/gm);
  const prefixes = Array.from(urls, ([, path = '']) => posix.normalize(`/${path.trim()}`));
  return [...dvc, ...prefixes.map((prefix) => join(bucket, prefix))];
}

type Pointer = {
  /** In the repository, for messages. */
  readonly path: string;
  /** In the model's folder. */
  readonly name: string;
  /** Undefined for one that is too large. */
  readonly text: string | undefined;
};

/** The files that a pointer stands for: one, or those of a folder. Fails with `ArtifactRejected` where it is malformed, or their bytes are in no store. */
export async function dvcFiles(
  { path, name, text }: Pointer,
  stores: readonly string[],
  fix: string,
): Promise<readonly ModelFile[]> {
  const { outs } = parsedPointer(path, text);
  const files = await Promise.all(
    outs.map(async ({ md5, hash, path: out }) => {
      if (hash !== 'md5') {
        throw new Failure('ArtifactRejected', `${path} was written by DVC 2`, {
          fix: 'Write it again by DVC 3: `dvc cache migrate --dvc-files`, and commit it.',
        });
      }
      const own = posix.join(posix.dirname(name), out);
      const found = await storedIn(stores, md5, { path, fix });
      if (!md5.endsWith('.dir')) return [{ name: own, ...found }];
      const entries = await listingOf(found, path);
      return Promise.all(
        entries.map(async (entry) => ({
          name: `${own}/${entry.relpath}`,
          ...(await storedIn(stores, entry.md5, { path, fix })),
        })),
      );
    }),
  );
  return files.flat();
}

function parsedPointer(path: string, text: string | undefined): z.output<typeof pointer> {
  try {
    if (text !== undefined && tooDeepLine(text) === undefined) {
      // An alias could make a small file large.
      return pointer.parse(parse(text, { maxAliasCount: 0 }));
    }
  } catch (cause) {
    throw damaged(path, cause);
  }
  throw damaged(path, undefined);
}

function damaged(path: string, cause: unknown): Failure {
  return new Failure('ArtifactRejected', `${path} is not a pointer that DVC writes`, {
    cause,
    fix: 'Write it again: `dvc add FILE`, and commit what that changed.',
  });
}

type Stored = Pick<ModelFile, 'sizeBytes'> & {
  readonly from: Extract<ModelFile['from'], { readonly path: string }>;
};

async function storedIn(
  stores: readonly string[],
  md5: string,
  { path, fix }: { readonly path: string; readonly fix: string },
): Promise<Stored> {
  for (const store of stores) {
    const file = join(store, 'files', 'md5', md5.slice(0, 2), md5.slice(2));
    const found = await lstat(file).catch(() => undefined);
    if (!found?.isFile()) continue;
    const digest = md5.replace('.dir', '');
    return { sizeBytes: found.size, from: { path: file, algorithm: 'md5', digest } };
  }
  throw new Failure(
    'ArtifactRejected',
    `${path} is a pointer of DVC, and its bytes (md5 ${md5}) are not where this repository may look`,
    { fix },
  );
}

async function listingOf(
  { sizeBytes, from }: Stored,
  path: string,
): Promise<z.output<typeof listing>> {
  const bytes = sizeBytes > MOST_LISTING_BYTES ? undefined : await readFile(from.path);
  const isWhole = bytes && createHash('md5').update(bytes).digest('hex') === from.digest;
  try {
    if (isWhole) return listing.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    throw damagedListing(path, cause);
  }
  throw damagedListing(path, undefined);
}

function damagedListing(path: string, cause: unknown): Failure {
  return new Failure(
    'ArtifactRejected',
    `${path} stands for a folder whose list of files is damaged, or names more than ${MAX_PARTS}`,
    { cause, fix: 'Send it again: `dvc push`, after `dvc add FOLDER`.' },
  );
}
