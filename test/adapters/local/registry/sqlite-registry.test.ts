import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { openDatabase, transaction } from '#adapters/local/registry/database.ts';
import { sqliteRegistry } from '#adapters/local/registry/sqlite-registry.ts';
import { describeRegistry } from '../../../contracts/registry.ts';
import { checkRecord } from '../../../contracts/registry-record.ts';
import { IS_THOROUGH } from '../../../support/fuzz/runs.ts';
import { goneLive, idOf, registryWorld, upload } from '../../../support/worlds/registry.ts';

// How much it has written by then is another each time.
const KILLS = IS_THOROUGH ? 50 : 7;

const opened: { readonly database: DatabaseSync; readonly folder: string }[] = [];

function newPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'slipway-registry-')), 'registry.db');
}

function open(path = newPath()): DatabaseSync {
  const database = openDatabase(path);
  opened.push({ database, folder: join(path, '..') });
  return database;
}

afterEach(async () => {
  for (const { database, folder } of opened.splice(0)) {
    if (database.isOpen) database.close();
    await rm(folder, { recursive: true, force: true });
  }
});

describeRegistry('sqliteRegistry', (options) =>
  sqliteRegistry({ database: new DatabaseSync(':memory:'), ...options }),
);

describe('a registry on disk', () => {
  it('is the same after it was closed and opened again', async () => {
    const path = newPath();
    const database = open(path);
    const before = registryWorld((options) => sqliteRegistry({ database, ...options }));
    const holder = await goneLive(before, 1);
    await before.registry.markPublished([`${idOf(1)}-1`]);
    const deployment = await before.registry.deployment(idOf(1));
    database.close();

    const { registry } = registryWorld((options) =>
      sqliteRegistry({ database: open(path), ...options }),
    );

    expect(await registry.deployment(idOf(1))).toEqual(deployment);
    expect(await registry.model('shapes')).toMatchObject({ live: { version: 1 } });
    expect((await registry.unpublished(1))[0]?.detail.sequence).toBe(2);
    await expect(registry.recordWork(holder, {})).resolves.toEqual(deployment);
  });

  it('loses no reported write, and keeps no half of one, when its process is killed', async () => {
    const path = newPath();
    open(path);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const reported = await killedWriter(path, kill * 1000, 1 + (kill % 7));

      const database = open(path);
      const { registry } = registryWorld((options) => sqliteRegistry({ database, ...options }));
      for (const n of reported) {
        expect(await registry.deployment(idOf(n))).toMatchObject({ phase: 'Admitted' });
      }
      await checkRecord(registry, new Map());
    }
  });

  it('wakes the publisher only when the event is committed', async () => {
    const database = open();
    const committed: boolean[] = [];
    const { registry } = registryWorld(({ clock }) =>
      sqliteRegistry({ database, clock, onEvents: () => committed.push(!database.isTransaction) }),
    );

    await registry.admit(upload(1));

    expect(committed).toEqual([true]);
  });

  it('says that the disk is full, and holds what it held', async () => {
    const database = open();
    const { registry } = registryWorld((options) => sqliteRegistry({ database, ...options }));
    await registry.admit(upload(1));
    const [pages] = Object.values(database.prepare('PRAGMA page_count').get()!);
    database.exec(`PRAGMA max_page_count = ${pages}`);

    const filling = async () => {
      for (let n = 2; n < 100; n += 1) await registry.admit(upload(n));
    };

    await expect(filling()).rejects.toMatchObject({
      name: 'StorageFull',
      fix: 'Free some space on it; what was recorded so far is safe.',
    });
    expect(await registry.deployment(idOf(1))).toMatchObject({ phase: 'Admitted' });
    await checkRecord(registry, new Map());
  });

  it('says that another process has it locked', async () => {
    const path = newPath();
    const database = open(path);
    const other = open(path);
    const { registry } = registryWorld((options) => sqliteRegistry({ database, ...options }));
    other.exec('BEGIN IMMEDIATE');

    await expect(registry.admit(upload(1))).rejects.toMatchObject({ name: 'PlatformUnavailable' });
    other.exec('ROLLBACK');
    await expect(registry.admit(upload(1))).resolves.toMatchObject({ kind: 'admitted' });
  });

  it('does not report a write to a file that was deleted', async () => {
    const path = newPath();
    const database = open(path);
    const { registry } = registryWorld((options) => sqliteRegistry({ database, ...options }));
    await rm(join(path, '..'), { recursive: true });

    await expect(registry.admit(upload(1))).rejects.toMatchObject({
      name: 'PlatformUnavailable',
      message: `${path} is gone`,
    });
  });
});

describe('a transaction', () => {
  it('keeps all of its writes, those of a transaction inside it too', () => {
    const database = open();
    database.exec('CREATE TABLE words (word TEXT)');

    const answer = transaction(database, () => {
      database.exec("INSERT INTO words VALUES ('outer')");
      return transaction(database, () => {
        database.exec("INSERT INTO words VALUES ('inner')");
        return 'done';
      });
    });

    expect(answer).toBe('done');
    expect(words(database)).toEqual(['outer', 'inner']);
  });

  it('keeps none of its writes when it throws, and passes an error that it does not know', () => {
    const database = open();
    database.exec('CREATE TABLE words (word TEXT)');
    const error = new Error('changed my mind');

    const failing = () =>
      transaction(database, () => {
        transaction(database, () => database.exec("INSERT INTO words VALUES ('inner')"));
        throw error;
      });

    expect(failing).toThrow(error);
    expect(words(database)).toEqual([]);
    expect(() => transaction(database, () => database.exec('NONSENSE'))).toThrow(/syntax error/);
  });
});

function words(database: DatabaseSync): unknown[] {
  return database
    .prepare('SELECT word FROM words')
    .all()
    .map(({ word }) => word);
}

/** Runs a writer, kills it once it has reported `lines` writes, and answers all it had reported by then. */
async function killedWriter(path: string, first: number, lines: number): Promise<number[]> {
  const script = join(import.meta.dirname, '../../../support/worlds/registry-writer.ts');
  const writer = spawn(process.execPath, [script, path, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const reported: number[] = [];
  for await (const line of createInterface({ input: writer.stdout })) {
    reported.push(Number(line));
    if (reported.length === lines) writer.kill('SIGKILL');
  }
  expect(reported.length).toBeGreaterThanOrEqual(lines);
  return reported;
}
