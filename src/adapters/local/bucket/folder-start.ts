import { join } from 'node:path';
import { fileAt, fingerprint } from '#adapters/local/registry/file-state.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';
import { isFolderModel } from '#domain/artifact/folder-model.ts';
import { folderOf, readKey } from '#domain/artifact/object-key.ts';
import { filesUnder } from './companions.ts';

type Options = {
  readonly folder: string;
  /** Stores an empty manifest, which starts the folder's deployment. */
  readonly start: (manifestKey: string) => Promise<void>;
  readonly signal: AbortSignal;
  readonly timers?: Timers | undefined;
};

const QUIET_MS = 1000;

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
  const { folder, start, signal } = options;
  const manifestKey = `${prefix}model.yaml`;
  if (await fileAt(join(folder, manifestKey))) return;
  await untilQuiet(prefix, options);
  const keys = await filesUnder(prefix, folder);
  const isStarted = keys.includes(manifestKey) || signal.aborted;
  const names = keys.map((key) => key.slice(prefix.length));
  if (!isStarted && isFolderModel(names)) await start(manifestKey);
}

/** Until nothing in a folder of the bucket has changed for a second. */
export async function untilQuiet(prefix: string, options: Omit<Options, 'start'>): Promise<void> {
  let before = '';
  for (let now = await stateOf(prefix, options.folder); now !== before; ) {
    before = now;
    await pause(options);
    now = await stateOf(prefix, options.folder);
  }
}

/** The folder's files, with the observable state of each. */
async function stateOf(prefix: string, folder: string): Promise<string> {
  const keys = await filesUnder(prefix, folder);
  const states = keys.toSorted().map(async (key) => {
    const file = await fileAt(join(folder, key));
    const seen = file && fingerprint(file);
    return `${key} ${seen?.content} ${seen?.changedNs}`;
  });
  return (await Promise.all(states)).join('\n');
}

function pause({ timers = realTimers, signal }: Omit<Options, 'start'>): Promise<void> {
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
