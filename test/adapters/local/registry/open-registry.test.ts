import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { objectVersions } from '#adapters/local/bucket/object-versions.ts';
import { openDatabase } from '#adapters/local/registry/database.ts';
import { openRegistry } from '#adapters/local/registry/open-registry.ts';
import {
  quickCheck,
  registryCheck,
  registryFailure,
} from '#adapters/local/registry/registry-check.ts';
import { SCHEMA_VERSION, versionOf } from '#adapters/local/registry/schema-version.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';

const NOW_MS = Date.now();
const HASH = 'a'.repeat(64);

describe('a data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-registry-'));
    mkdirSync(join(folder, 'objects'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const path = () => join(folder, 'registry.db');
  const open = (beginsAnew = false) => openRegistry(folder, { beginsAnew, nowMs: NOW_MS });

  function storeObject(seconds = 0): void {
    const object = join(folder, 'objects', HASH);
    writeFileSync(object, 'weights');
    utimesSync(object, NOW_MS / 1000 + seconds, NOW_MS / 1000 + seconds);
  }

  /** A registry that knows the object. */
  function recordObject(): void {
    using database = open();
    objectVersions(database, fakeClock(NOW_MS)).add(
      'models/a/a.onnx',
      { sha256: HASH, sizeBytes: 7 },
      { content: '', changedNs: '' },
    );
    storeObject();
  }

  it('that is new gets a registry of this version', () => {
    using database = open();

    expect(versionOf(database)).toBe(SCHEMA_VERSION);
  });

  it.each([
    { what: 'missing', lose: () => rmSync(path()) },
    { what: 'empty', lose: () => truncateSync(path()) },
  ])('whose registry is $what is refused while it has objects', ({ lose }) => {
    recordObject();
    lose();

    expect(() => open()).toThrow(
      expect.objectContaining({
        name: 'InputInvalid',
        message: `${path()} is missing or empty, but ${folder}/objects holds 1 objects: every model and version would be forgotten`,
        fix: expect.stringMatching(/`slipway restore BACKUP`.*`slipway start --begin-anew`/),
      }),
    );
    expect(statSync(path(), { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  });

  it('whose registry was replaced by a new one is refused while it has older objects', () => {
    storeObject(-60);
    open(true).close();

    expect(() => open()).toThrow('knows no object and is younger than the objects');
    open(true).close();
  });

  it('whose first upload was killed before it was recorded is opened again', () => {
    open().close();
    storeObject(60);

    expect(() => open().close()).not.toThrow();
  });

  it('whose registry has lost its first page is told how to have it back', () => {
    recordObject();
    writeFileSync(path(), Buffer.alloc(4096, 'rot'), { flag: 'r+' });

    expect(() => open()).toThrow(
      expect.objectContaining({
        name: 'PlatformUnavailable',
        message: 'the registry is damaged: file is not a database',
        fix: expect.stringContaining('`slipway restore`'),
      }),
    );
  });

  it('from before registries had a version keeps what it knows', () => {
    {
      using old = openDatabase(path());
      const versions = objectVersions(old, fakeClock(NOW_MS));
      versions.add('a', { sha256: HASH, sizeBytes: 7 }, { content: '', changedNs: '' });
    }
    storeObject();

    using database = open();

    expect(versionOf(database)).toBe(SCHEMA_VERSION);
    expect(objectVersions(database, fakeClock(NOW_MS)).keys()).toEqual(['a']);
  });

  it('from before registries had a version is opened while its first upload is not recorded', () => {
    {
      using old = openDatabase(path());
      old.exec('CREATE TABLE models (name TEXT) STRICT');
    }
    storeObject(-60);

    expect(() => open().close()).not.toThrow();
  });

  it('of a newer Slipway is refused, and left as it is', () => {
    recordObject();
    {
      using newer = openDatabase(path());
      newer.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    }

    expect(() => open()).toThrow(
      `belongs to a newer Slipway: its registry has version ${SCHEMA_VERSION + 1}, and this Slipway knows versions up to ${SCHEMA_VERSION}`,
    );
    using database = openDatabase(path());
    expect(versionOf(database)).toBe(SCHEMA_VERSION + 1);
  });
});

describe('the quick check of a registry', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slipway-registry-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function filled(): string {
    const path = join(folder, 'registry.db');
    using database = openDatabase(path);
    database.exec('CREATE TABLE events (record TEXT) STRICT');
    const add = database.prepare('INSERT INTO events VALUES (?)');
    for (let count = 0; count < 100; count += 1) add.run('x'.repeat(1000));
    return path;
  }

  it('finds nothing in a sound one, which may be in use', async () => {
    const path = filled();
    using database = openDatabase(path);
    database.exec("INSERT INTO events VALUES ('y')");

    expect(await quickCheck(path)).toBeUndefined();
  });

  it.each([
    ['is gone', () => join(folder, 'gone.db')],
    ['is a folder', () => folder],
  ])('cannot tell whether one is sound that %s', async (_, path) => {
    expect(await quickCheck(path())).toEqual({ kind: 'unknown', reason: expect.any(String) });
  });

  it('cannot tell whether one is sound that another program holds locked', async () => {
    const path = filled();
    using other = openDatabase(path);
    other.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');

    expect(await quickCheck(path)).toEqual({ kind: 'unknown', reason: 'database is locked' });
  });

  it('is told once while it stays so, and anew when it changes', async () => {
    const told: string[] = [];
    const path = filled();
    const check = registryCheck(path, ({ kind }) => void told.push(kind));
    expect(await check.fault()).toBeUndefined();

    rmSync(path);
    await check.look();
    expect(await check.fault()).toMatchObject({ kind: 'unknown' });
    await check.look();
    writeFileSync(path, Buffer.alloc(4096, 'rot'));
    await check.look();
    check.close();

    expect(told).toEqual(['unknown', 'damaged']);
    expect(registryFailure({ kind: 'unknown', reason: 'it is locked' }, path)).toMatchObject({
      message: `the registry ${path} could not be checked: it is locked`,
      fix: expect.stringContaining('no other program holds it locked'),
    });
  });

  it('is made at the start, every ten minutes, and when somebody asks a minute after the last', async () => {
    const path = filled();
    const rot = () => writeFileSync(path, Buffer.alloc(4096, 'rot'), { flag: 'r+' });
    const sound = readFileSync(path);
    const now = { ms: 0 };
    const looks: (() => void)[] = [];
    const periods: number[] = [];
    let told = Promise.withResolvers<unknown>();
    const begin = () =>
      registryCheck(path, (fault) => told.resolve(fault), {
        nowMs: () => now.ms,
        repeat(look, everyMs) {
          looks.push(look);
          periods.push(everyMs);
          return () => undefined;
        },
      });

    rot();
    const first = begin();
    const atStart = await told.promise;
    first.close();
    writeFileSync(path, sound);
    told = Promise.withResolvers();
    const check = begin();
    expect(await check.fault()).toBeUndefined();
    rot();
    looks.at(-1)?.();
    const later = await told.promise;
    writeFileSync(path, sound);
    await check.look();
    told = Promise.withResolvers();
    rot();
    now.ms += 60_001;
    await check.fault();
    const asked = await told.promise;
    check.close();

    const damaged = { kind: 'damaged', reason: 'file is not a database' };
    expect([atStart, later, asked]).toEqual([damaged, damaged, damaged]);
    expect(new Set(periods)).toEqual(new Set([600_000]));
  });

  it('finds a record that is JSON no more', async () => {
    const path = join(folder, 'registry.db');
    {
      using database = openDatabase(path);
      database.exec(`
        CREATE TABLE records (record TEXT, model TEXT NOT NULL AS (record ->> 'model')) STRICT;
        CREATE INDEX by_model ON records (model);
        INSERT INTO records VALUES ('{"model":"shapes"}');
      `);
    }
    const bytes = readFileSync(path);
    bytes.write('rot', bytes.indexOf('{"model":"shapes"}'));
    writeFileSync(path, bytes);

    expect(await quickCheck(path)).toEqual({ kind: 'damaged', reason: 'malformed JSON' });
  });

  it('finds one page that another program wrote over', async () => {
    const path = filled();
    const bytes = Buffer.alloc(4096, 'rot');
    writeFileSync(path, bytes, { flag: 'r+' });
    expect(await quickCheck(path)).toEqual({
      kind: 'damaged',
      reason: 'file is not a database',
    });

    rmSync(path);
    const file = openSync(filled(), 'r+');
    writeSync(file, bytes, 0, bytes.length, 5 * 4096);
    closeSync(file);

    expect(await quickCheck(path)).toMatchObject({
      kind: 'damaged',
      reason: expect.stringMatching(/malformed|page|rowid/i),
    });
  });
});
