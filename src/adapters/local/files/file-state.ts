import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';

/**
 * A file's last observed state. A write or a replacement changes `content`;
 * a rename, link, chmod or copied timestamp only changes `changedNs`.
 */
export type Fingerprint = { readonly content: string; readonly changedNs: string };

export function fingerprint({ ino, size, mtimeNs, ctimeNs }: BigIntStats): Fingerprint {
  return { content: `${ino}:${size}:${mtimeNs}`, changedNs: `${ctimeNs}` };
}

export function hasSameContent(a: BigIntStats | undefined, b: BigIntStats | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return fingerprint(a).content === fingerprint(b).content;
}

/** The state of `path` itself, without following links; undefined when nothing is there. */
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
