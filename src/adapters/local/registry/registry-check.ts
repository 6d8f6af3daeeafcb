import { Worker } from 'node:worker_threads';
import { Failure } from '#domain/failure.ts';
import { damagedRegistry } from './database.ts';

/** The result of a look at a registry's file, where it is not known to be sound: SQLite found pages that it did not write, or could not look. */
export type RegistryFault = { readonly kind: 'damaged' | 'unknown'; readonly reason: string };

export type RegistryCheck = {
  /** The finding of the last look; undefined while the registry is sound. Waits for the first look, and looks again in the background when the last was over a minute ago. One that has looked for half an hour is a fault. */
  fault(): Promise<RegistryFault | undefined>;
  /** Resolves with the result of a look that begins now. */
  look(): Promise<RegistryFault | undefined>;
  close(): void;
};

const EVERY_MS = 600_000;
const FRESH_MS = 60_000;
const LONGEST_MS = 1_800_000;

// In a thread of its own, with a connection of its own: a registry of 100 MB takes half a second.
// SQLITE_ERROR, SQLITE_CORRUPT and SQLITE_NOTADB (https://sqlite.org/rescode.html): the first is what a check ends with that comes upon a record which is JSON no more.
const LOOK = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
try {
  const database = new DatabaseSync(workerData, { readOnly: true, timeout: 1000 });
  const said = database.prepare('PRAGMA quick_check(3)').all().map((row) => row.quick_check);
  database.close();
  const found = said.filter((text) => text !== 'ok');
  const reason = said.length === 0 ? 'the check said nothing' : found.join('; ');
  parentPort.postMessage(reason ? { kind: said.length === 0 ? 'unknown' : 'damaged', reason } : null);
} catch ({ message, errcode = 0 }) {
  const kind = [1, 11, 26].includes(errcode & 0xff) ? 'damaged' : 'unknown';
  parentPort.postMessage({ kind, reason: message });
}
`;

/** The fault that SQLite's quick check finds with the file of a registry, or why it could not look, such as that the file is gone or locked; undefined only where it says that the file is sound. */
export function quickCheck(path: string): Promise<RegistryFault | undefined> {
  return new Promise((resolve) => {
    const unknown = (reason: string) => resolve({ kind: 'unknown', reason });
    const worker = new Worker(LOOK, { eval: true, workerData: path });
    // It keeps nothing from ending.
    worker.unref();
    worker.once('message', (said: RegistryFault | null) => resolve(said ?? undefined));
    // An error without a listener would end Slipway, also after the message.
    worker.on('error', ({ message }: Error) => unknown(`the check broke off: ${message}`));
    worker.once('exit', () => unknown('the check ended without an answer'));
  });
}

/** The failure that says what is wrong with the registry at `path`. */
export function registryFailure({ kind, reason }: RegistryFault, path: string): Failure {
  if (kind === 'damaged') return damagedRegistry(reason);
  return new Failure(
    'PlatformUnavailable',
    `the registry ${path} could not be checked: ${reason}`,
    {
      fix: 'See that the file is there, that its owner runs Slipway, and that no other program holds it locked; then ask again.',
    },
  );
}

/** A monotonic clock (ms), and looks again and again until what is returned is called. */
type Time = {
  readonly nowMs: () => number;
  readonly repeat: (look: () => void, everyMs: number) => () => void;
};

const REAL_TIME: Time = {
  nowMs: () => performance.now(),
  repeat(look, everyMs) {
    const timer = setInterval(look, everyMs).unref();
    return () => clearInterval(timer);
  },
};

/** Looks at a registry at once, every ten minutes, and when somebody asks and the last look is over a minute old. `onFault` is called when a look finds one that the look before did not. */
export function registryCheck(
  path: string,
  onFault: (fault: RegistryFault) => void,
  { nowMs, repeat }: Time = REAL_TIME,
): RegistryCheck {
  let known: RegistryFault | undefined;
  let begunAtMs = nowMs();
  let isClosed = false;
  let looking: Promise<RegistryFault | undefined> | undefined;
  const first = look();

  function look(): Promise<RegistryFault | undefined> {
    if (!looking) begunAtMs = nowMs();
    looking ??= lookNow();
    return looking;
  }

  async function lookNow(): Promise<RegistryFault | undefined> {
    const found = await quickCheck(path);
    looking = undefined;
    if (isClosed) return found;
    if (found && found.reason !== known?.reason) onFault(found);
    known = found;
    return found;
  }

  const end = repeat(() => void look(), EVERY_MS);
  return {
    look,
    async fault() {
      const sinceMs = nowMs() - begunAtMs;
      if (looking && sinceMs > LONGEST_MS) return overdue(sinceMs);
      await first;
      if (sinceMs > FRESH_MS) void look();
      return known;
    },
    close() {
      isClosed = true;
      end();
    },
  };
}

function overdue(ms: number): RegistryFault {
  const minutes = Math.floor(ms / 60_000);
  return { kind: 'unknown', reason: `a check that began ${minutes} minutes ago has not ended` };
}
