import { posix } from 'node:path';

/** The name of a file within a folder of the artifact; the folder `.` is the artifact's root. */
export function within(folder: string, name: string): string {
  return posix.join(folder, name);
}

/** The folder that holds a file. */
export function folderOf(name: string): string {
  return posix.dirname(name);
}

/** Files that operating systems and tools leave behind; none belongs to a model. */
export function isLitter(name: string): boolean {
  return /(^|\/)(__MACOSX\/|__pycache__\/|\._|\.DS_Store$|Thumbs\.db$|\.git\/|\.gitattributes$|\.gitignore$)/.test(
    name,
  );
}
