import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export type RegistryCheck = {
  /** The finding of the last look; undefined while the registry is sound. Looks again in the background when that was over a minute ago. */
  problem(): string | undefined;
  /** Resolves with the result of a look that begins now. */
  look(): Promise<string | undefined>;
  close(): void;
};

const EVERY_MS = 600_000;
const FRESH_MS = 60_000;

// In a thread of its own, with a connection of its own: a registry of 100 MB takes half a second.
const LOOK = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require('node:sqlite');
try {
  const database = new DatabaseSync(workerData, { readOnly: true, timeout: 1000 });
  const rows = database.prepare('PRAGMA quick_check(3)').all();
  database.close();
  const said = rows.map((row) => row.quick_check).filter((text) => text !== 'ok');
  parentPort.postMessage({ problem: said.join('; ') || null });
} catch ({ message, errcode = 0 }) {
  const isDamage = [11, 26].includes(errcode & 0xff);
  parentPort.postMessage({ problem: isDamage ? message : null });
}
`;

/** The fault that SQLite's quick check finds with the file of a registry; undefined when it is sound, or cannot be looked at now. */
export async function quickCheck(path: string): Promise<string | undefined> {
  const worker = new Worker(LOOK, { eval: true, workerData: path });
  // It keeps nothing from ending.
  worker.unref();
  // An error without a listener would end Slipway, also after the message.
  worker.on('error', () => undefined);
  const [said]: { readonly problem: string | null }[] = await once(worker, 'message');
  return said?.problem ?? undefined;
}

/** Looks at a registry at once, every ten minutes, and when somebody asks and the last look is over a minute old. `onProblem` is called when a look finds one that the look before did not. */
export function registryCheck(path: string, onProblem: (problem: string) => void): RegistryCheck {
  let known: string | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let isClosed = false;

  async function look(): Promise<string | undefined> {
    lookedAtMs = performance.now();
    const found = await quickCheck(path).catch(() => known);
    if (isClosed) return found;
    if (found !== undefined && found !== known) onProblem(found);
    known = found;
    return found;
  }

  const timer = setInterval(() => void look(), EVERY_MS).unref();
  void look();
  return {
    look,
    problem() {
      if (performance.now() - lookedAtMs > FRESH_MS) void look();
      return known;
    },
    close() {
      isClosed = true;
      clearInterval(timer);
    },
  };
}
