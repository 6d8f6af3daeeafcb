// Counts the files that a model's code writes to the only folder that it may write to in a build, as src/adapters/local/servers/scratch-watch.ts counts those of a server.
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { filesIn, sizeOf } from './files.mjs';

/** @typedef {{ mostBytes: number, mostFiles: number }} Most */

const MEBIBYTE = 2 ** 20;
// A model may write this in addition to its converted files: as much as its server may later.
const SPARE_BYTES = 512 * MEBIBYTE;
// 16-bit weights as 32-bit floats, once in pieces and once as a whole.
const TIMES_THE_MODEL = 4;
const MOST_FILES = 10_000;
// A deeper path would come near the system's limit.
const MOST_DEEP = 64;
const PERIOD_MS = 1_000;
const BLOCK_BYTES = 512;

/**
 * The limits of the files that a model's code writes while it is proven: 512 MiB and four times its size, in 10,000 files.
 * @param {string} model
 */
export async function limitsFor(model) {
  const bytes = await sizeOf(await filesIn(model));
  return { mostBytes: SPARE_BYTES + TIMES_THE_MODEL * bytes, mostFiles: MOST_FILES };
}

/**
 * Looks every second, and calls `onOver` once, with a sentence, when `folder` has more than these limits. Returns a function that ends the watch.
 * @param {string} folder
 * @param {Most} limits
 * @param {(over: string) => void} onOver
 */
export function watchOut(folder, limits, onOver) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let isEnded = false;

  async function look() {
    const over = await overIn(folder, limits).catch(() => undefined);
    if (isEnded) return;
    if (over) onOver(over);
    else timer = setTimeout(look, PERIOD_MS);
  }

  timer = setTimeout(look, PERIOD_MS);
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}

/**
 * The limit that a folder exceeds, as a sentence; undefined where it exceeds none. On Linux this includes deleted files that a process of this build still has open.
 * @param {string} folder
 * @param {Most} limits
 * @param {() => Promise<readonly string[]>} [listOpen]
 * @returns {Promise<string | undefined>}
 */
export async function overIn(folder, { mostBytes, mostFiles }, listOpen = openInSession) {
  const seen = new Set();
  let bytes = 0;

  /**
   * A file may have several names, and be open several times.
   * @param {import('node:fs').Stats} file
   */
  function added({ dev, ino, blocks }) {
    const file = `${dev}/${ino}`;
    if (seen.has(file)) return undefined;
    seen.add(file);
    bytes += blocks * BLOCK_BYTES;
    if (bytes > mostBytes) {
      return `the model wrote more than ${Math.floor(mostBytes / MEBIBYTE)} MiB while it was loaded, its limit in all`;
    }
    if (seen.size <= mostFiles) return undefined;
    return `the model made more than ${mostFiles} files while it was loaded, its limit`;
  }

  /**
   * @param {string} path
   * @param {number} depth
   * @returns {Promise<string | undefined>}
   */
  async function inFolder(path, depth) {
    if (depth > MOST_DEEP) {
      return `the model made folders ${MOST_DEEP} deep while it was loaded, its limit`;
    }
    const names = await namesIn(path);
    if (!names) return 'the model closed a folder that it made, which is then not counted';
    for (const name of names) {
      const over = await atPath(join(path, name), depth + 1);
      if (over) return over;
    }
    return undefined;
  }

  /**
   * @param {string} path
   * @param {number} depth
   */
  async function atPath(path, depth) {
    // A file that was removed meanwhile takes no space any more.
    const file = await lstat(path).catch(() => undefined);
    if (!file) return undefined;
    const over = added(file);
    return over || !file.isDirectory() ? over : inFolder(path, depth);
  }

  /** Removed files take space until the last process has closed them. */
  async function unnamed() {
    const { dev } = await stat(folder);
    for (const descriptor of await listOpen()) {
      const file = await stat(descriptor).catch(() => undefined);
      const isOurs = file?.nlink === 0 && file.isFile() && file.dev === dev;
      const over = isOurs && added(file);
      if (over) return over;
    }
    return undefined;
  }

  return (await inFolder(folder, 0)) || (await unnamed());
}

/** @param {string} folder */
async function namesIn(folder) {
  try {
    return await readdir(folder);
  } catch (error) {
    // A folder that is gone has no files.
    return error.code === 'EACCES' ? undefined : [];
  }
}

/** The descriptors of all processes that this build has started: a build leads a separate session. */
async function openInSession() {
  const own = await sessionOf('self');
  if (own === undefined) return [];
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const open = processes.map(async (pid) => {
    if ((await sessionOf(pid)) !== own) return [];
    const names = await readdir(`/proc/${pid}/fd`).catch(() => []);
    return names.map((name) => `/proc/${pid}/fd/${name}`);
  });
  return (await Promise.all(open)).flat();
}

/**
 * proc(5): after the name, which may contain anything, come the state, the parent, the group and the session.
 * @param {string} pid
 */
async function sessionOf(pid) {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return text.split(') ').at(-1)?.split(' ')[3];
}
