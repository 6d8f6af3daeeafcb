import { folderOf, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';

export type Files = readonly ArtifactFile[];

/** A known kind of artifact that is not served; `find` returns the name of the file that identifies one, or nothing. */
export type Kind = {
  readonly name: string;
  /** The reason, where it is another than that this version does not serve it. */
  readonly why?: string;
  /** The files that hold its weights, where they can be recognised by name. */
  readonly weights?: RegExp;
  readonly fix: string;
  find(files: Files): Promise<string | undefined> | string | undefined;
};

export const MOST_CONFIG_BYTES = 2 ** 20;
const MOST_CONFIGS = 3;

export function named(pattern: RegExp) {
  return (files: Files) => files.find(({ name }) => pattern.test(name))?.name;
}

/** Finds the first small file of this name whose text matches, the outermost first: inner folders may have many files of that name. */
export function says(name: RegExp, text: RegExp) {
  return async (files: Files): Promise<string | undefined> => {
    const depth = (each: ArtifactFile) => each.name.split('/').length;
    const named = files.filter((each) => name.test(each.name));
    const outermost = named.toSorted((one, other) => depth(one) - depth(other));
    for (const file of outermost.slice(0, MOST_CONFIGS)) {
      if (file.sizeBytes > MOST_CONFIG_BYTES) continue;
      if (text.test(await readText(file, MOST_CONFIG_BYTES).catch(() => ''))) return file.name;
    }
    return undefined;
  };
}

export function hasBeside(files: Files, name: string, beside: string): boolean {
  const path = within(folderOf(name), beside);
  return files.some((each) => each.name === path);
}
