import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { runCli } from '../cli/run-cli.ts';
import { proto } from '../support/bytes/proto.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { hold } from '../support/slipway/hold.ts';
import { drop, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const light = (constant: number) => behaving('echoes', addConstantModel({ constant }));
const GOOD = light(10);
const SPECIAL = { hasAnyServer: true, config: { bakeSeconds: 0 } };
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };

const DISK_BYTES = 32 * 2 ** 20;
const DOCUMENTATION = 6;
const LARGE = Buffer.concat([
  addConstantModel({ constant: 20 }),
  proto([DOCUMENTATION, 'x'.repeat(3_000_000)]),
]);

/** Why no small disk can be mounted here; undefined when one can. */
async function missingDisk(): Promise<string | undefined> {
  try {
    await using _ = await smallDisk();
    return undefined;
  } catch {
    return 'a full disk: this user may mount none';
  }
}

/** A folder on a separate small file system. Throws where this process may not mount one. */
async function smallDisk() {
  const folder = await temporaryFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder.path], {
      stdio: 'pipe',
    });
  } catch (error) {
    await folder[Symbol.asyncDispose]();
    throw error;
  }
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', ['--lazy', folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Takes all that is left of the disk that a folder is on, but for `freeBytes`; answers how to free it again. */
function fill(folder: string, freeBytes = 0): () => void {
  const path = join(folder, 'filler');
  expect(() => writeFileSync(path, Buffer.alloc(DISK_BYTES + 1))).toThrow(/ENOSPC/);
  truncateSync(path, statSync(path).size - freeBytes);
  return () => rmSync(path);
}

/** How a start ends that cannot keep its data in a folder. */
function refusedStart(data: string) {
  const args = ['start', '--port', '0', '--control-port', '0', '--data', data];
  return runCli(args, { PATH: process.env['PATH'] }).result;
}

const missing = await missingDisk();

describe('a start of Slipway', () => {
  needing(missing, () => {
    // SQLite has another word for each of these.
    it.each([0, 8, 16, 128])('says that the disk is full where %i KiB are free', async (kib) => {
      await using disk = await smallDisk();
      fill(disk.path, kib * 1024);
      const data = join(disk.path, 'data');

      const { code, stdout, stderr } = await refusedStart(data);

      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(
        `slipway: ${data}: its disk is full\n→ Free some space on it. Or name another folder: --data DIR.\n`,
      );
    });

    it.each(['', 'data'])(
      'says that the disk is only for reading, in its folder `%s`',
      async (name) => {
        await using disk = await smallDisk();
        const data = join(disk.path, name);
        execFileSync('mount', ['-o', 'remount,ro', disk.path]);

        const { code, stderr } = await refusedStart(data);

        expect(code).toBe(1);
        expect(stderr).toBe(
          `slipway: ${data}: its file system is read-only\n→ Mount it for writing. Or name another folder: --data DIR.\n`,
        );
      },
    );
  });

  it.each([
    ['registry.db', 'file is not a database'],
    ['bucket', 'EEXIST: file already exists'],
    ['logs', 'EEXIST: file already exists'],
  ])('names what is wrong with a %s that is another’s', async (name, reason) => {
    await using folder = await temporaryFolder();
    writeFileSync(join(folder.path, name), 'no database, and no folder. '.repeat(100));

    const { code, stderr } = await refusedStart(folder.path);

    expect(code).toBe(2);
    expect(stderr).toContain(`slipway: ${folder.path} cannot hold Slipway's data: ${reason}`);
    expect(stderr).toMatch(/\n→ Name another folder: --data DIR\.\n$/);
  });
});

describe('a Slipway', () => {
  it('finds what was dropped while it was down', async () => {
    await using folder = await temporaryFolder();
    drop(folder.path, 'models/found/a.onnx', GOOD);

    await using slipway = await startSlipway(folder.path, SPECIAL);
    await slipway.ending('found', 1);

    expect((await slipway.infer('found', REQUEST)).status).toBe(200);
  });

  it('goes on serving a model whose file is deleted, and says nothing', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, SPECIAL);
    slipway.drop('models/kept/a.onnx', GOOD);
    await slipway.ending('kept', 1);

    rmSync(join(folder.path, 'bucket/models/kept'), { recursive: true });
    slipway.drop('models/later/a.onnx', GOOD);
    await slipway.ending('later', 1);

    expect((await slipway.infer('kept', REQUEST)).status).toBe(200);
    expect(await slipway.endings('kept')).toHaveLength(1);
  });

  it('says that its bucket is gone, goes on answering, and takes drops when it is back', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, SPECIAL);
    slipway.drop('models/steady/a.onnx', GOOD);
    await slipway.ending('steady', 1);
    const bucket = join(folder.path, 'bucket');

    renameSync(bucket, join(folder.path, 'away'));
    await eventually(() => slipway.output().includes(`${bucket}: it is gone → Put it back`));
    const answer = await slipway.infer('steady', REQUEST);
    const upload = await slipway.api('/objects/models/steady/b.onnx', {
      method: 'PUT',
      body: GOOD,
    });
    renameSync(join(folder.path, 'away'), bucket);
    slipway.drop('models/later/a.onnx', GOOD);

    expect((await slipway.ending('later', 1)).detail.state).toBe('Live');
    expect(answer.status).toBe(200);
    expect(upload.status).toBe(503);
    expect(await upload.json()).toMatchObject({ error: `${bucket}: it is gone` });
    expect(slipway.output().match(/it is gone/g)).toHaveLength(1);
  });

  needing(missing, () => {
    it('says what its full disk lacks, goes on answering, and takes the drop once there is room', async () => {
      await using disk = await smallDisk();
      await using slipway = await startSlipway(disk.path, SPECIAL);
      slipway.drop('models/good/a.onnx', GOOD);
      await slipway.ending('good', 1);
      await slipway.settled('good');
      mkdirSync(join(disk.path, 'bucket/models/large'), { recursive: true });
      writeFileSync(join(disk.path, 'large'), LARGE);
      const free = fill(disk.path);

      renameSync(join(disk.path, 'large'), join(disk.path, 'bucket/models/large/a.onnx'));
      await eventually(() => slipway.output().includes('is not accepted yet'));
      const answer = await slipway.infer('good', REQUEST);
      free();

      expect((await slipway.ending('large', 1)).detail.state).toBe('Live');
      expect(answer.status).toBe(200);
      expect(slipway.output()).toMatch(
        /^models\/large\/a\.onnx is not accepted yet: \S+ has 0 bytes free; 3000102 are needed, and 1048576 have to stay free → Free at least 4048678 bytes on its disk\.$/m,
      );
      expect(await slipway.endings('large')).toHaveLength(1);
    });

    it('serves what was live when it is started on a full disk, and refuses what is new until there is room', async () => {
      await using disk = await smallDisk();
      const data = join(disk.path, 'data');
      {
        await using before = await startSlipway(data, SPECIAL);
        before.drop('models/good/a.onnx', GOOD);
        await before.ending('good', 1);
        await before.settled('good');
        await before.kill();
      }
      // The state after a clean stop: without the log and its index.
      {
        using registry = new DatabaseSync(join(data, 'registry.db'));
        registry.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      }
      const free = fill(disk.path);

      await using slipway = await startSlipway(data, SPECIAL);
      const answer = await slipway.infer('good', REQUEST);
      const put = () => slipway.api('/objects/models/new/a.onnx', { method: 'PUT', body: GOOD });
      const refused = await put();
      free();
      const taken = await put();

      expect(answer.status).toBe(200);
      expect(refused.status).toBe(507);
      expect(await refused.json()).toMatchObject({ error: expect.stringContaining('bytes free') });
      expect(taken.status).toBe(200);
      expect(slipway.output()).toContain(`${data}: its disk is full → What was live is served`);
    });

    it('takes a deployment up again that its full disk stopped, and the next one too', async () => {
      await using disk = await smallDisk();
      await using slipway = await startSlipway(disk.path, SPECIAL);
      slipway.drop('models/good/a.onnx', GOOD);
      await slipway.ending('good', 1);
      await slipway.settled('good');
      const starting = hold(disk.path, 'good-v2');
      slipway.drop(
        'models/good/a.onnx',
        behaving('waits-while-held', addConstantModel({ constant: 20 })),
      );
      await eventually(starting.hasServer);

      const free = fill(disk.path);
      starting.release();
      await eventually(() => slipway.output().includes('is full → Free some space'));
      const answer = await slipway.infer('good', REQUEST);
      free();
      await slipway.ending('good', 2);
      slipway.drop('models/good/a.onnx', light(30));
      await slipway.ending('good', 3);

      expect(answer.headers.get('x-slipway-revision')).toBe('good-v1');
      expect((await slipway.endings('good')).map(({ version, state }) => [version, state])).toEqual(
        [
          [1, 'Live'],
          [2, 'Live'],
          [3, 'Live'],
        ],
      );
    });
  });
});
