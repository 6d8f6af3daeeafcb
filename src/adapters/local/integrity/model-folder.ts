import { createHash, type Hash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { GONE, OTHER_BYTES } from './checked-files.ts';
import { hashedFile, type Pace, stateOf } from './hashed-file.ts';

/** Knows which folders that builds made still have the model of their digest. */
export type CheckedFolders = {
  /** Why the folder does not have the model of this digest, as a predicate; undefined when it does. Reads it once, and again after a file of it has changed. */
  problem(folder: string, digest: string): Promise<string | undefined>;
  /** The same from the disk, whatever is known. */
  reread(folder: string, digest: string, pace?: Pace): Promise<string | undefined>;
};

/** The folders of buildspecs/commands/build-folder.mjs, whose digest is that of folder-facts.mjs. */
export function checkedFolders(): CheckedFolders {
  const known = new Map<string, string>();

  async function reread(folder: string, digest: string, pace?: Pace): Promise<string | undefined> {
    try {
      const states = await statesIn(folder);
      if (!(await digestsOf(folder, pace)).includes(digest)) return OTHER_BYTES;
      known.set(folder, `${digest} ${states}`);
      return undefined;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return GONE;
      if (errorCode(error) === 'EAGAIN') return 'is being written to';
      throw error;
    }
  }

  return {
    reread,
    async problem(folder, digest) {
      const states = await statesIn(folder).catch(() => undefined);
      return known.get(folder) === `${digest} ${states}` ? undefined : reread(folder, digest);
    },
  };
}

/** The digest of the facts and the model, and that of the model alone, which earlier builds recorded. */
async function digestsOf(folder: string, pace?: Pace): Promise<readonly string[]> {
  const [whole, model] = [createHash('sha256'), createHash('sha256')];
  const both = (bytes: string | Uint8Array) => {
    whole.update(bytes);
    model.update(bytes);
  };
  whole.update('facts.json\0');
  await hashedFile(join(folder, 'facts.json'), { ...of(whole), ...(pace && { pace }) });
  for (const path of await modelFiles(folder)) {
    both(`${relative(folder, path)}\0`);
    await hashedFile(path, { update: both, ...(pace && { pace }) });
  }
  return [whole, model].map((hash) => `sha256:${hash.digest('hex')}`);
}

function of(hash: Hash) {
  return { update: (bytes: Uint8Array) => void hash.update(bytes) };
}

/** In the order of files.mjs. */
async function modelFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(folder, 'model'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function statesIn(folder: string): Promise<string> {
  const paths = [join(folder, 'facts.json'), ...(await modelFiles(folder))];
  const states = await Promise.all(
    paths.map(async (path) => stateOf(await stat(path, { bigint: true }))),
  );
  return states.map(({ file, content, changedNs }) => `${file} ${content} ${changedNs}`).join();
}
