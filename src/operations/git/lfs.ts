import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import type { ModelFile, Stores } from './model-file.ts';

/** A larger file is no pointer. https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
export const MOST_POINTER_BYTES = 1024;

const VERSION = /^version https:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\/v1\n/;
const OID = /^oid sha256:([0-9a-f]{64})$/m;
const SIZE = /^size (\d{1,15})$/m;

/**
 * The file that a pointer of Git LFS stands for; undefined for any other text.
 * Fails with `ArtifactRejected` where the pointer is malformed, or the repository has not the bytes.
 */
export async function lfsFile(
  { path, text }: { readonly path: string; readonly text: string },
  { lfs, lfsFix }: Pick<Stores, 'lfs' | 'lfsFix'>,
): Promise<Pick<ModelFile, 'sizeBytes' | 'from'> | undefined> {
  if (!VERSION.test(text)) return undefined;
  const [, digest = ''] = OID.exec(text) ?? [];
  const [, size = ''] = SIZE.exec(text) ?? [];
  if (digest === '' || size === '') {
    throw new Failure('ArtifactRejected', `${path} is a damaged pointer of Git LFS`, {
      fix: 'Write it again: `git lfs migrate import --no-rewrite FILE`.',
    });
  }
  const stored = join(lfs, 'objects', digest.slice(0, 2), digest.slice(2, 4), digest);
  const found = await lstat(stored).catch(() => undefined);
  if (!found?.isFile() || found.size !== Number(size)) {
    throw new Failure(
      'ArtifactRejected',
      `${path} is a pointer of Git LFS, and this repository does not have its ${Number(size).toLocaleString('en-US')} bytes`,
      { fix: lfsFix },
    );
  }
  return { sizeBytes: found.size, from: { path: stored, algorithm: 'sha256', digest } };
}
