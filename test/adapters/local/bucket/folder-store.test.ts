import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFile,
  chmod,
  link,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { objectStore } from '#adapters/local/bucket/object-store.ts';
import { describeArtifactStore } from '../../../contracts/artifact-store.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';
import {
  afterAnother,
  BUCKET,
  type BucketFolder,
  bucketFolder,
  keyOf,
  objectsAround,
  sha256,
  taken,
  versionOf,
} from '../../../support/local/bucket-folder.ts';
import { upTo } from '../../../support/worlds/up-to.ts';

const run = promisify(execFile);
const KEY = 'models/digits/digits.onnx';

let folder: BucketFolder;
beforeEach(async () => {
  folder = await bucketFolder();
});
afterEach(() => folder.close());

it('removes at its start the copies that a killed process has left, and no other file', async () => {
  const { store } = folder.open();
  const left = `.${randomUUID()}`;
  const names = [left, `.${randomUUID()}`, '.hidden', `${randomUUID()}`];
  for (const name of names) {
    await mkdir(folder.path('models/digits'), { recursive: true });
    await writeFile(folder.path(`models/digits/${name}`), 'part');
  }
  await utimes(folder.path(`models/digits/${left}`), 0, 0);
  await utimes(folder.path('models/digits/.hidden'), 0, 0);

  await store.scan();

  expect((await readdir(folder.path('models/digits'))).toSorted()).toEqual(
    names.slice(1).toSorted(),
  );
});

describeArtifactStore('folderStore', async () => {
  const own = await bucketFolder();
  const { store } = own.open();
  await store.watch();
  return {
    store,
    bucket: BUCKET,
    async put(key, bytes) {
      const { sha256: _, ...object } = await store.put(key, Readable.from([bytes]));
      return object;
    },
    async remove(key) {
      await rm(own.path(key));
      await eventually(async () => (await store.latest(BUCKET, key)) === undefined);
    },
    close: own.close,
  };
});

describe('dropping a file in the bucket folder', () => {
  beforeEach(() => mkdir(folder.path('models/digits'), { recursive: true }));

  it.each(['cp', 'mv', 'ln'])('works with %s', async (command) => {
    const opened = await folder.watched();
    await writeFile(folder.outside('digits.onnx'), 'weights');

    await run(command, [folder.outside('digits.onnx'), folder.path(KEY)]);

    const event = await taken(opened, KEY, 'weights');
    expect(await folder.bytes(opened, event)).toBe('weights');
    expect(await readFile(folder.path(KEY), 'utf8')).toBe('weights');
    expect(opened.events).toHaveLength(1);
  });

  it('works with an editor that saves beside the file and renames over it', async () => {
    const opened = await folder.watched();
    await folder.moveIn(KEY, 'one');
    await taken(opened, KEY, 'one');

    await rename(folder.path(KEY), folder.path(`${KEY}~`));
    await writeFile(folder.path('models/digits/.digits.onnx.swp'), 'two');
    await rename(folder.path('models/digits/.digits.onnx.swp'), folder.path(KEY));
    await rm(folder.path(`${KEY}~`));

    await taken(opened, KEY, 'two');
    expect(opened.events.map(keyOf)).toEqual([KEY, KEY]);
  });

  it('works with an editor that writes into the file', async () => {
    const opened = await folder.watched();
    await folder.moveIn(KEY, 'one');
    const first = await taken(opened, KEY, 'one');

    await writeFile(folder.path(KEY), 'two');

    await taken(opened, KEY, 'two');
    expect(await folder.bytes(opened, first)).toBe('one');
  });

  it('is announced as S3 announces it through EventBridge', async () => {
    const opened = await folder.watched();
    await folder.moveIn(KEY, 'weights');
    const event = await taken(opened, KEY, 'weights');

    const object = await opened.store.latest(BUCKET, KEY);
    expect(event).toEqual({
      version: '0',
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'detail-type': 'Object Created',
      source: 'aws.s3',
      account: '000000000000',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      region: 'local',
      resources: ['arn:aws:s3:::bucket'],
      detail: {
        version: '0',
        bucket: { name: BUCKET },
        object: {
          key: KEY,
          size: 7,
          etag: sha256('weights'),
          'version-id': object?.versionId,
          sequencer: '0000000000000001',
        },
        'request-id': '0000000000000001',
        requester: expect.stringMatching(
          new RegExp(`^(?:\\S+ \\()?uid ${process.getuid?.()}\\)?$`),
        ),
        reason: 'PutObject',
      },
    });
    expect(object?.sequencer).toBe('0000000000000001');
  });

  it('makes a new version when the same bytes are copied over it', async () => {
    const opened = await folder.watched();
    await writeFile(folder.outside('digits.onnx'), 'weights');
    await run('cp', [folder.outside('digits.onnx'), folder.path(KEY)]);
    await taken(opened, KEY, 'weights');

    await run('cp', [folder.outside('digits.onnx'), folder.path(KEY)]);

    await eventually(() => opened.events.length === 2);
    expect(new Set(opened.events.map(versionOf)).size).toBe(2);
  });

  it('makes no new version of a file that is only linked or has its mode changed, and reads it once to see that', async () => {
    let copies = 0;
    const opened = await folder.watched({
      objects: objectsAround(folder, (write) => {
        copies += 1;
        return write();
      }),
    });
    await folder.moveIn(KEY, 'weights');
    await taken(opened, KEY, 'weights');

    await link(folder.path(KEY), folder.outside('linked'));
    await chmod(folder.path(KEY), 0o640);
    await eventually(() => copies > 1);
    await afterAnother(opened, folder);
    const before = copies;
    await opened.store.scan();
    await opened.store.close();

    expect(new Set(opened.events.map(versionOf)).size).toBe(2);
    expect(copies).toBe(before);
  });

  it('takes the whole file of a slow writer, never a part of it', async () => {
    const timers = fakeTimers();
    const opened = await folder.watched({ timers });

    for (let part = 1; part <= 8; part += 1) {
      const before = timers.calls();
      await appendFile(folder.path(KEY), `part ${part};`);
      await eventually(() => timers.calls() > before);
      timers.advance(179);
    }
    await eventually(() => {
      timers.advance(200);
      return opened.events.length > 0;
    });

    const whole = [1, 2, 3, 4, 5, 6, 7, 8].map((part) => `part ${part};`).join('');
    await taken(opened, KEY, whole);
    expect(opened.events).toHaveLength(1);
  });

  it('starts over when the file changes while it is copied', async () => {
    let copies = 0;
    const opened = await folder.watched({
      objects: objectsAround(folder, async (write) => {
        const written = await write();
        copies += 1;
        if (copies === 1) await appendFile(folder.path(KEY), ' and biases');
        return written;
      }),
    });

    await folder.moveIn(KEY, 'weights');

    await taken(opened, KEY, 'weights and biases');
    expect(opened.events).toHaveLength(1);
  });

  it('takes the newest of many in fast succession, and each that it takes is whole', async () => {
    const opened = await folder.watched();
    const contents = Array.from({ length: 30 }, (_, i) => `${i};`.repeat(20_000));

    for (const content of contents) await folder.moveIn(KEY, content);

    const last = contents.at(-1) ?? '';
    const event = await taken(opened, KEY, last);
    expect(await opened.store.latest(BUCKET, KEY)).toMatchObject({ versionId: versionOf(event) });
    for (const each of opened.events) {
      expect(contents).toContain(await folder.bytes(opened, each));
    }
  });

  it('is read in parts so small that hashing one holds up no request', async () => {
    const objects = objectStore(join(folder.root, 'objects'));
    const parts: number[] = [];
    async function* noted(bytes: AsyncIterable<Uint8Array>) {
      for await (const part of bytes) {
        parts.push(part.byteLength);
        yield part;
      }
    }
    const opened = await folder.watched({
      objects: { ...objects, write: (bytes, size) => objects.write(noted(bytes), size) },
    });
    const content = 'weights;'.repeat(100_000);

    await folder.moveIn(KEY, content);

    await taken(opened, KEY, content);
    expect(Math.max(...parts)).toBe(65_536);
  });

  it('takes every one of 200 files', async () => {
    const opened = await folder.watched();
    const names = Array.from({ length: 200 }, (_, i) => `models/many/${i}.bin`);
    await mkdir(folder.path('models/many'));

    for (const name of names) await writeFile(folder.path(name), name);

    await eventually(() => opened.events.length >= 200);
    expect(new Set(opened.events.map(keyOf))).toEqual(new Set(names));
    const listed = await opened.store.list(BUCKET, 'models/many/', upTo(1000));
    expect(listed).toHaveLength(200);
  });

  it('orders drops by one counter and times that never repeat, even when the clock stands still', async () => {
    const opened = await folder.watched({ clock: fakeClock(1000) });

    await folder.moveIn('models/a/1.onnx', 'one');
    await taken(opened, 'models/a/1.onnx', 'one');
    await folder.moveIn('models/a/2.onnx', 'two');
    await taken(opened, 'models/a/2.onnx', 'two');

    const [one, two] = await opened.store.list(BUCKET, 'models/a/', upTo(10));
    expect([one?.sequencer, two?.sequencer]).toEqual(['0000000000000001', '0000000000000002']);
    expect([one?.lastModifiedMs, two?.lastModifiedMs]).toEqual([1000, 1001]);
  });

  it('keeps the bytes where nobody writes by accident', async () => {
    const opened = await folder.watched();
    await folder.moveIn(KEY, 'weights');
    const event = await taken(opened, KEY, 'weights');

    const { mode } = await stat(opened.store.objectPath(KEY, versionOf(event)));
    expect(mode & 0o222).toBe(0);
  });
});
