import { join } from 'node:path';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { fileAt, fingerprint } from '#adapters/local/files/file-state.ts';
import { isFolderModel } from '#domain/artifact/folder-model.ts';
import { pageOf } from '#domain/artifact/format.ts';
import { foldersOf, manifestKey, readKey } from '#domain/artifact/object-key.ts';
import { allFilesUnder, filesUnder } from './companions.ts';
import { shared } from './shared.ts';

type Quiet = {
  readonly folder: string;
  /** Whether an upload below this prefix is under way, of which the folder shows nothing yet. */
  readonly isUploading: (prefix: string) => boolean;
  readonly signal: AbortSignal;
  readonly timers?: Timers | undefined;
};

type Options = Quiet & {
  /** Whether the newest deployment of the folder has all that is there. */
  readonly isStarted: (prefix: string) => boolean;
  /** Stores an empty manifest, which starts the folder's deployment. */
  readonly start: (manifestKey: string) => Promise<void>;
};

const CODE = pageOf('python').folder?.marker ?? '';
const QUIET_MS = 1000;
// Between two files of a slow upload lies more than a second.
const ASTRAY_MS = 5000;

/**
 * Starts the deployment of a model folder whose `model.yaml` is not there, or empty, once nothing in it has changed for a second.
 * Given a dropped file's key, resolves when its folder's deployment is started, or there is nothing to start.
 */
export function folderStart(options: Options): (key: string) => Promise<void> {
  const together = shared();
  const startOnce = (prefix: string) => together(prefix, () => startOnceQuiet(prefix));

  async function startOnceQuiet(prefix: string): Promise<void> {
    const [, own] = foldersOf(prefix);
    for await (const names of whileAstray(prefix, options)) {
      // Code that somebody dropped in a folder of its own is a version; other models there are what the code, or the model, around them loads.
      const isOwn = names.includes(CODE) || names.includes(manifestKey(''));
      if (own !== undefined && !isOwn && isFolderModel(await namesIn(own, options))) {
        return startOnce(own);
      }
      if (isFolderModel(names)) return start(prefix);
    }
  }

  async function start(prefix: string): Promise<void> {
    if ((await sizeOf(prefix, options)) > 0 || options.isStarted(prefix)) return;
    await options.start(manifestKey(prefix));
  }

  return async (key) => {
    const [prefix] = foldersOf(key);
    const { kind } = readKey(key);
    const isPart = kind === 'artifact' && isFolderModel(await namesIn(prefix, options));
    if (kind === 'loose' || isPart) await startOnce(prefix);
  };
}

/** Bytes of the folder's manifest; 0 too where there is none. */
async function sizeOf(prefix: string, { folder }: Quiet): Promise<number> {
  const file = await fileAt(join(folder, manifestKey(prefix)));
  return Number(file?.size ?? 0);
}

async function namesIn(prefix: string, { folder }: Quiet): Promise<readonly string[]> {
  const keys = await filesUnder(prefix, folder);
  return keys.map((key) => key.slice(prefix.length));
}

/** Until a folder's `model.yaml` is there and nothing has changed for a second, or for five seconds where it is not. */
export async function untilAstray(prefix: string, options: Quiet): Promise<void> {
  for await (const _ of whileAstray(prefix, options));
}

/** The names in a folder, each second in which nothing there has changed, until its `model.yaml` is among them or five such have followed each other. */
async function* whileAstray(prefix: string, options: Quiet): AsyncGenerator<readonly string[]> {
  const { folder, isUploading, signal } = options;
  let before = await stateOf(prefix, folder);
  for (let quietMs = 0; quietMs < ASTRAY_MS; ) {
    await pause(options);
    const now = await stateOf(prefix, folder);
    const isQuiet = now === before && !isUploading(prefix);
    quietMs = isQuiet ? quietMs + QUIET_MS : 0;
    before = now;
    const names = await namesIn(prefix, options);
    if (signal.aborted) return;
    if (isQuiet) yield names;
    if (isQuiet && names.includes(manifestKey(''))) return;
  }
}

/** The folder's files with the observable state of each, those too that will be renamed when they are whole. */
async function stateOf(prefix: string, folder: string): Promise<string> {
  const keys = await allFilesUnder(prefix, folder);
  const states = keys.toSorted().map(async (key) => {
    const file = await fileAt(join(folder, key));
    const seen = file && fingerprint(file);
    return `${key} ${seen?.content} ${seen?.changedNs}`;
  });
  return (await Promise.all(states)).join('\n');
}

function pause({ timers = realTimers, signal }: Quiet): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const callOff = timers.after(QUIET_MS, resolve);
  const abort = () => {
    callOff();
    resolve();
  };
  signal.addEventListener('abort', abort, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', abort));
}
