import { readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';

/** The files of a folder that belong to its artifact, by their paths within it: all but those with a path part that begins with a dot. */
export async function folderFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  const shown = names.filter((name) => !name.split(sep).some((part) => part.startsWith('.')));
  const areFiles = await Promise.all(shown.map((name) => isFile(join(folder, name))));
  return shown.filter((_, index) => areFiles[index]).map((name) => name.split(sep).join('/'));
}

/** False for a missing path too. */
export async function isFile(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}
