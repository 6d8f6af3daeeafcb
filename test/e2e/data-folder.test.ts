import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { runCli } from '../cli/run-cli.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { clients } from '../support/slipway/clients.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';
import { freePort } from '../support/stack/free-port.ts';

const light = (constant: number) => behaving('echoes', addConstantModel({ constant }));
const SPECIAL = { hasAnyServer: true, config: { bakeSeconds: 0 } };
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };
const KEY = 'models/shapes/shapes.onnx';
const ENV = { PATH: process.env['PATH'] };

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const objectsIn = (dataDir: string) => readdirSync(join(dataDir, 'objects')).sort();

async function deployed(slipway: RunningSlipway, ...versions: readonly Uint8Array[]) {
  for (const bytes of versions) {
    const before = (await slipway.endings('shapes')).length;
    slipway.drop(KEY, bytes);
    await slipway.ending('shapes', before + 1);
  }
  await slipway.settled('shapes');
}

/** Runs a command on a data folder, as JSON. */
async function command(...args: readonly string[]) {
  const { code, stdout, stderr } = await runCli([...args, '--json'], ENV).result;
  return { code, stderr, said: stdout && JSON.parse(stdout) };
}

function rot(path: string): void {
  chmodSync(path, 0o644);
  writeFileSync(path, 'rotten');
}

describe('slipway scrub', () => {
  it('finds what has rotted, takes again what the bucket has, and says of the rest what to do', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, SPECIAL);
    await deployed(slipway, light(1), light(2));
    for (const bytes of [light(1), light(2)]) rot(join(folder.path, 'objects', hashOf(bytes)));

    const running = await command('scrub', '--data', folder.path);
    const { out } = await slipway.command('status');
    await slipway.stop();
    const stopped = await command('scrub', '--data', folder.path);

    const name = `objects/${hashOf(light(1))}`;
    expect(running).toMatchObject({
      code: 1,
      said: {
        mended: [`objects/${hashOf(light(2))}`],
        bad: [{ name, models: ['shapes-v1'], fix: expect.stringContaining(KEY) }],
      },
    });
    expect(out).toContain('(v1 is damaged: shapes-v1 cannot be started:');
    expect(stopped).toMatchObject({ code: 1, said: { mended: [], bad: [{ name }] } });
  });
});

describe('slipway prune', () => {
  it('removes what neither the bucket nor a version needs, and nothing else', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, SPECIAL);
    // Three versions stay startable beside the live one.
    const all = [1, 2, 3, 4, 5, 6, 7].map(light);
    await deployed(slipway, ...all);
    const stored = objectsIn(folder.path);

    const looked = await command('prune', '--dry-run', '--data', folder.path);
    expect(objectsIn(folder.path)).toEqual(stored);
    const status = await slipway.command('status');
    const unasked = await command('prune', '--data', folder.path);
    expect(objectsIn(folder.path)).toEqual(stored);
    const pruned = await command('prune', '--yes', '--data', folder.path);

    const { objects, bytes } = looked.said;
    expect(objects).toBeGreaterThan(0);
    expect(status.out).toMatch(/objects hold \d+ bytes; `.*slipway.* prune` would free \d+ bytes/);
    expect(unasked.code).toBe(2);
    expect(pruned.said).toMatchObject({ isDryRun: false, objects, bytes });
    const kept = (await slipway.get('/models/shapes')) as {
      versions: { version: number; state: string }[];
    };
    const versions = kept.versions
      .filter(({ state }) => state !== 'Removed')
      .map(({ version }) => version);
    expect(objectsIn(folder.path)).toEqual(
      versions.map((version) => hashOf(light(version))).sort(),
    );
    await slipway.ask('shapes', 'rollback');
    await slipway.ending('shapes', 8);
    expect((await slipway.infer('shapes', REQUEST)).headers.get('x-slipway-revision')).toBe(
      'shapes-v6',
    );
  });
});

describe('slipway backup and restore', () => {
  it('bring a folder back that serves, also when it was taken while drops came', async () => {
    await using folder = await temporaryFolder();
    await using away = await temporaryFolder();
    const [target, fresh] = [join(away.path, 'backup'), join(away.path, 'fresh')];
    await using slipway = await startSlipway(folder.path, SPECIAL);
    await deployed(slipway, light(1), light(2));
    const first = await command('backup', target, '--data', folder.path);

    for (let count = 0; count < 10; count += 1)
      slipway.drop(`models/m${count}/a.onnx`, light(100 + count));
    const [second] = await Promise.all([
      command('backup', target, '--data', folder.path),
      slipway.ending('m9', 1),
    ]);
    await slipway.kill();
    const restored = await command('restore', target, '--data', fresh);
    await using again = await startSlipway(fresh, SPECIAL);

    expect(first).toMatchObject({ code: 0, said: { objects: 2, copied: 2, bad: [] } });
    expect(second).toMatchObject({ code: 0, said: { bad: [] } });
    expect(second.said.copied).toBe(second.said.objects - 2);
    expect(restored).toMatchObject({ code: 0, said: { bad: [], objects: second.said.objects } });
    expect((await again.infer('shapes', REQUEST)).headers.get('x-slipway-revision')).toBe(
      'shapes-v2',
    );
    expect(readFileSync(join(fresh, 'bucket', KEY))).toEqual(Buffer.from(light(2)));
    await again.ask('shapes', 'rollback');
    await again.ending('shapes', 3);
    expect((await again.infer('shapes', REQUEST)).headers.get('x-slipway-revision')).toBe(
      'shapes-v1',
    );
  });

  it('lose no request while clients call and a model is dropped, and keep the keys of callers', async () => {
    await using folder = await temporaryFolder();
    await using away = await temporaryFolder();
    const [target, fresh] = [join(away.path, 'backup'), join(away.path, 'fresh')];
    await using slipway = await startSlipway(folder.path, SPECIAL);
    await deployed(slipway, light(1));
    const made = await slipway.command('keys', 'create', 'app', '--all', '--calls', '--json');
    const { key } = JSON.parse(made.out) as { key: string };

    const load = clients(slipway, 'shapes', { count: 4 });
    await load.more(20);
    slipway.drop(KEY, light(2));
    const taken = await command('backup', target, '--data', folder.path);
    await slipway.ending('shapes', 2);
    await load.more(20);
    await load.stop();
    await slipway.kill();
    const restored = await command('restore', target, '--data', fresh);
    const othersPort = await freePort();
    const config = { ...SPECIAL.config, othersHost: '127.0.0.1', othersPort };
    await using again = await startSlipway(fresh, { ...SPECIAL, config });
    const call = (sent: string) =>
      fetch(`http://127.0.0.1:${othersPort}/models/shapes/v2/models/shapes/infer`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${sent}` },
        body: JSON.stringify(REQUEST),
      });

    expect(load.answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect([taken, restored]).toMatchObject([{ code: 0 }, { code: 0, said: { bad: [] } }]);
    await again.settled('shapes');
    expect((await call(key)).status).toBe(200);
    expect((await call(`${key.slice(0, -1)}_`)).status).toBe(401);
  });

  it('put a lost registry back beside its objects, without which a start is refused', async () => {
    await using folder = await temporaryFolder();
    await using away = await temporaryFolder();
    const target = join(away.path, 'backup');
    {
      await using slipway = await startSlipway(folder.path, SPECIAL);
      await deployed(slipway, light(1));
      await slipway.stop();
    }
    await command('backup', target, '--data', folder.path);
    for (const end of ['', '-wal', '-shm'])
      rmSync(join(folder.path, `registry.db${end}`), { force: true });

    const refused = await command(
      'start',
      '--port',
      '0',
      '--control-port',
      '0',
      '--data',
      folder.path,
    );
    const restored = await command('restore', target, '--data', folder.path);
    const twice = await command('restore', target, '--data', folder.path);
    await using slipway = await startSlipway(folder.path, SPECIAL);

    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/`.*slipway.* restore BACKUP`/);
    expect(restored.said).toMatchObject({ objects: 1, copied: 0, bad: [] });
    expect(twice.stderr).toContain('has a registry already');
    expect((await slipway.infer('shapes', REQUEST)).status).toBe(200);
    expect(await slipway.endings('shapes')).toHaveLength(1);
  });

  it('say what of a backup has rotted, and refuse a folder that is none', async () => {
    await using folder = await temporaryFolder();
    await using away = await temporaryFolder();
    const [target, fresh] = [join(away.path, 'backup'), join(away.path, 'fresh')];
    {
      await using slipway = await startSlipway(folder.path, SPECIAL);
      await deployed(slipway, light(1));
      await slipway.stop();
    }
    await command('backup', target, '--data', folder.path);
    rot(join(target, 'objects', hashOf(light(1))));

    const restored = await command('restore', target, '--data', fresh);
    const none = await command('restore', away.path, '--data', join(away.path, 'other'));
    const over = await command('backup', away.path, '--data', folder.path);

    expect(restored).toMatchObject({
      code: 1,
      said: { bad: [{ name: `objects/${hashOf(light(1))}` }] },
    });
    expect(none.stderr).toContain('is not a backup of Slipway');
    expect(over.stderr).toContain('is neither empty nor a backup of Slipway');
  });
});

it('a data folder that was copied elsewhere serves what it served, and deploys nothing again', async () => {
  await using folder = await temporaryFolder();
  await using elsewhere = await temporaryFolder();
  const copy = join(elsewhere.path, 'copy');
  {
    await using slipway = await startSlipway(folder.path, SPECIAL);
    await deployed(slipway, light(1), light(2));
    await slipway.ask('shapes', 'rollback');
    await slipway.settled('shapes');
  }
  await cp(folder.path, copy, { recursive: true });

  await using slipway = await startSlipway(copy, SPECIAL);
  slipway.drop('models/later/later.onnx', light(3));
  await slipway.ending('later', 1);
  await slipway.settled('shapes');

  // The bucket still shows version 2, which was rolled back.
  expect((await slipway.endings('shapes')).map(({ version }) => version)).toEqual([1, 2, 1]);
  slipway.drop(KEY, light(2));
  expect((await slipway.ending('shapes', 4)).detail).toMatchObject({ state: 'Live', version: 3 });
});
