import { posix } from 'node:path';

/** The name of a file within a folder of the artifact; the folder `.` is all of it. */
export function within(folder: string, name: string): string {
  return posix.join(folder, name);
}

/** The folder that a file stands in. */
export function folderOf(name: string): string {
  return posix.dirname(name);
}

/** What operating systems and tools leave beside files: none of it is a model's. */
export function isLitter(name: string): boolean {
  return /(^|\/)(__MACOSX\/|__pycache__\/|\._|\.DS_Store$|Thumbs\.db$|\.git\/|\.gitattributes$|\.gitignore$)/.test(
    name,
  );
}
