import { appendFile, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { turns } from '#adapters/local/concurrency/turns.ts';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { storageFailure } from '#adapters/local/registry/storage-failure.ts';
import { firstOf } from '#domain/capture/plan.ts';
import { sealedLine } from '#domain/capture/sealed-line.ts';
import { MOST_DAYS } from '#domain/manifest/capture.ts';
import type { KeptLines } from '#ports/kept-lines.ts';

/** The most bytes that a model's lines may take, and for how many days, with today. */
export type Budget = { readonly megabytes: number; readonly days: number };

export type FolderKeptLines = KeptLines & {
  /** Adds a line of a server within the budget: the oldest days make room for it. Never fails; a full disk costs the line. */
  keep(model: string, day: string, line: string, budget: Budget): Promise<void>;
  /** Removes the days of all models that no budget keeps any longer. */
  expire(today: string): Promise<void>;
};

/** Another failure must not pass for a model of which nothing is kept. */
function unlessAbsent(error: unknown, path: string): undefined {
  if (errorCode(error) === 'ENOENT') return undefined;
  throw storageFailure(error, path);
}

const DAY_FILE = /^(\d{4}-\d\d-\d\d)\.ndjson$/;

/** The sealed lines of models in files by day: `<model>/<day>.ndjson` below `directory`. */
export function folderKeptLines(directory: string): FolderKeptLines {
  const inTurn = turns(1);
  const fileOf = (model: string, day: string) => join(directory, model, `${day}.ndjson`);

  async function days(model: string): Promise<readonly string[]> {
    const folder = join(directory, model);
    const names = await readdir(folder).catch((error: unknown) => unlessAbsent(error, folder));
    return (names ?? [])
      .flatMap((name) => DAY_FILE.exec(name)?.[1] ?? [])
      .sort()
      .reverse();
  }

  async function append(model: string, day: string, line: string): Promise<void> {
    await mkdir(join(directory, model), { recursive: true, mode: 0o700 });
    await appendFile(fileOf(model, day), `${line}\n`, { mode: 0o600 });
  }

  const sizeOf = async (model: string, day: string) =>
    stat(fileOf(model, day)).then(
      ({ size }) => size,
      () => 0,
    );

  async function makeRoom(model: string, day: string, bytes: number, budget: Budget) {
    const kept = await days(model);
    const oldest = firstOf(budget.days, day);
    const sizes = await Promise.all(kept.map((each) => sizeOf(model, each)));
    let left = budget.megabytes * 1e6 - bytes;
    for (const [index, each] of kept.entries()) {
      left -= sizes[index] ?? 0;
      if (each < oldest || (left < 0 && each < day)) await rm(fileOf(model, each), { force: true });
    }
    return (await sizeOf(model, day)) + bytes <= budget.megabytes * 1e6;
  }

  return {
    days,
    async *of(model, day) {
      const path = fileOf(model, day);
      const file = await open(path).catch((error: unknown) => unlessAbsent(error, path));
      if (!file) return;
      try {
        for await (const text of file.readLines()) {
          const said = sealedLine(text);
          if (said) yield { text, said };
        }
      } finally {
        // A reader may have enough before the end.
        await file.close();
      }
    },
    add: (model, day, line) => inTurn(model, () => append(model, day, line)),
    keep: (model, day, line, budget) =>
      inTurn(model, async () => {
        if (await makeRoom(model, day, line.length + 1, budget)) await append(model, day, line);
      }).catch(() => undefined),
    remove: (model, gone) =>
      inTurn(model, async () => {
        for (const day of gone) await rm(fileOf(model, day), { force: true });
      }),
    async expire(today) {
      const oldest = firstOf(MOST_DAYS, today);
      const found = await readdir(directory, { withFileTypes: true }).catch(() => []);
      for (const { name: model } of found.filter((each) => each.isDirectory())) {
        for (const day of await days(model)) {
          if (day < oldest) await rm(fileOf(model, day), { force: true });
        }
      }
    },
  };
}
