import { isHidden } from '#domain/artifact/hidden-file.ts';

const MAX_KEY_BYTES = 1024;
const MAX_NAME_BYTES = 255;
const UNFINISHED = ['~', '.swp', '.part', '.crdownload', '.tmp'];

/**
 * Why a key cannot be a file path in the bucket; undefined when it can.
 * The limits are 1,024 bytes (S3) and 255 per name (file systems).
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 */
export function keyProblem(key: string): string | undefined {
  const names = key.split('/');
  if (names.includes('') || names.includes('.') || names.includes('..')) {
    return 'is not a plain relative path';
  }
  if (key.includes('\\') || key.includes('\0')) return 'holds a backslash or a NUL';
  if (!key.isWellFormed()) return 'is not valid Unicode';
  if (key === 'models') return 'is that of the folder of all models';
  // A listing goes on after a folder at this character, the last of Unicode.
  if (key.includes('\u{10ffff}')) return 'holds U+10FFFF';
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES) return `is ${bytes} bytes long; the limit is ${MAX_KEY_BYTES}`;
  const longest = Math.max(...names.map((name) => Buffer.byteLength(name)));
  if (longest > MAX_NAME_BYTES) {
    return `has a name of ${longest} bytes; the limit is ${MAX_NAME_BYTES}`;
  }
  return undefined;
}

/** `models/NAME`, whatever the file may become. */
export function modelFolder(key: string): string {
  return key.split('/', 2).join('/');
}

/** Hidden files, what desktops leave, and the temporary files of editors, browsers and copy programs. */
export function isUnfinishedName(name: string): boolean {
  const lower = name.toLowerCase();
  return isHidden(name) || UNFINISHED.some((ending) => lower.endsWith(ending));
}
