import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';

/**
 * A file as it was last seen. A write, or another file in its place, changes `content`;
 * a rename, link, chmod or copied time changes `changedNs` alone.
 */
export type Fingerprint = { readonly content: string; readonly changedNs: string };

export function fingerprint({ ino, size, mtimeNs, ctimeNs }: BigIntStats): Fingerprint {
  return { content: `${ino}:${size}:${mtimeNs}`, changedNs: `${ctimeNs}` };
}

export function hasSameContent(a: BigIntStats | undefined, b: BigIntStats | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return fingerprint(a).content === fingerprint(b).content;
}

/** What is at `path` itself, links not followed; undefined when nothing is. */
export async function fileAt(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

export function isAbsence(error: unknown): boolean {
  return errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR';
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
