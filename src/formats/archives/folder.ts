import { posix } from 'node:path';

/** The name of a file within a folder of the artifact; the folder `.` is the artifact's root. */
export function within(folder: string, name: string): string {
  return posix.join(folder, name);
}

/** Whether a file lies in a folder of the artifact, at any depth; every file lies in `.`. */
export function isWithin(folder: string, name: string): boolean {
  return folder === '.' || name.startsWith(`${folder}/`);
}

/** The folder that holds a file. */
export function folderOf(name: string): string {
  return posix.dirname(name);
}

/** The folders that hold a file of this name, or path. */
export function foldersWith(
  files: readonly { readonly name: string }[],
  ends: string,
): readonly string[] {
  return files
    .filter(({ name }) => name === ends || name.endsWith(`/${ends}`))
    .map(({ name }) => (name === ends ? '.' : name.slice(0, -ends.length - 1)));
}

/** Files that operating systems and tools leave behind; none belongs to a model. */
export function isLitter(name: string): boolean {
  return /(^|\/)(__MACOSX\/|__pycache__\/|\._|\.DS_Store$|Thumbs\.db$|\.git\/|\.gitattributes$|\.gitignore$)/.test(
    name,
  );
}
