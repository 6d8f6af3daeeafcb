import { join } from 'node:path';
import { fileAt, fingerprint } from '#adapters/local/registry/file-state.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import { isFolderModel } from '#domain/artifact/folder-model.ts';
import { folderOf, readKey } from '#domain/artifact/object-key.ts';
import { allFilesUnder, filesUnder } from './companions.ts';

type Quiet = {
  readonly folder: string;
  /** Whether an upload below this prefix is under way, of which the folder shows nothing yet. */
  readonly isUploading: (prefix: string) => boolean;
  readonly signal: AbortSignal;
  readonly timers?: Timers | undefined;
};

type Options = Quiet & {
  /** Stores an empty manifest, which starts the folder's deployment. */
  readonly start: (manifestKey: string) => Promise<void>;
};

const QUIET_MS = 1000;
// Between two files of a slow upload lies more than a second.
const ASTRAY_MS = 5000;

/**
 * Starts the deployment of a model folder without a `model.yaml` once nothing in it has changed for a second.
 * Given a dropped file's key, resolves when its folder's deployment is started, or there is nothing to start.
 */
export function folderStart(options: Options): (key: string) => Promise<void> {
  const waiting = new Map<string, Promise<void>>();
  return (key) => {
    const prefix = readKey(key).kind === 'loose' ? folderOf(key) : undefined;
    if (prefix === undefined) return Promise.resolve();
    const started = waiting.get(prefix) ?? startOnceQuiet(prefix, options);
    waiting.set(prefix, started);
    return started.finally(() => waiting.delete(prefix));
  };
}

async function startOnceQuiet(prefix: string, options: Options): Promise<void> {
  const manifestKey = manifestOf(prefix);
  if (await fileAt(join(options.folder, manifestKey))) return;
  for await (const names of whileAstray(prefix, options)) {
    if (isFolderModel(names)) return options.start(manifestKey);
  }
}

/** Until a folder's `model.yaml` is there and nothing has changed for a second, or for five seconds where it is not. */
export async function untilAstray(prefix: string, options: Quiet): Promise<void> {
  for await (const _ of whileAstray(prefix, options));
}

/** The names in a folder, each second in which nothing there has changed, until its `model.yaml` is there or five such have followed each other. */
async function* whileAstray(prefix: string, options: Quiet): AsyncGenerator<readonly string[]> {
  const { folder, isUploading, signal } = options;
  let before = await stateOf(prefix, folder);
  for (let quietMs = 0; quietMs < ASTRAY_MS; ) {
    await pause(options);
    const now = await stateOf(prefix, folder);
    const isQuiet = now === before && !isUploading(prefix);
    quietMs = isQuiet ? quietMs + QUIET_MS : 0;
    before = now;
    const keys = await filesUnder(prefix, folder);
    if (signal.aborted || (isQuiet && keys.includes(manifestOf(prefix)))) return;
    if (isQuiet) yield keys.map((key) => key.slice(prefix.length));
  }
}

function manifestOf(prefix: string): string {
  return `${prefix}model.yaml`;
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
