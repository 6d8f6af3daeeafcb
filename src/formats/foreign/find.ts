import { folderOf } from '#formats/archives/folder.ts';
import { FOLDERS, SERVED_FOLDERS, WHOLES } from './folders.ts';
import type { Files } from './kind.ts';
import { ALONE, IMAGES } from './programs.ts';

/** A known kind of artifact that is not served: its name, why it is not, the file that identified it, and the owner's remedy. */
export type Foreign = {
  readonly name: string;
  readonly why: string;
  readonly at: string;
  readonly fix: string;
};

const NOT_SERVED = 'which this version does not serve';

const RANKS = {
  images: IMAGES,
  wholes: WHOLES,
  folders: FOLDERS,
  alone: ALONE,
  drafts: [...WHOLES, ...FOLDERS, ...SERVED_FOLDERS],
} as const;

/** The kinds of one rank among the files, each with the file that identified it. */
export async function findForeign(
  files: Files,
  rank: keyof typeof RANKS,
): Promise<readonly Foreign[]> {
  const found: Foreign[] = [];
  for (const { name, why = NOT_SERVED, weights, fix, find } of RANKS[rank]) {
    const at = await find(files);
    const sized = at && weights ? sizeOf(files, folderOf(at), weights) : '';
    if (at !== undefined) found.push({ name, why: `${why}${sized}`, at, fix });
  }
  return found;
}

function sizeOf(files: Files, folder: string, weights: RegExp): string {
  const own = files.filter(
    ({ name }) => weights.test(name) && (folder === '.' || name.startsWith(`${folder}/`)),
  );
  const bytes = own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return `; it has ${bytes.toLocaleString('en-US')} bytes of weights`;
}
