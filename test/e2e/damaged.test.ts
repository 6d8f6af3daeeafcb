import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { breakServers } from '../support/slipway/break.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const light = (constant: number) => behaving('echoes', addConstantModel({ constant }));
const SPECIAL = { hasAnyServer: true, config: { bakeSeconds: 0 } };
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };
const KEY = 'models/shapes/shapes.onnx';

const objectOf = (dataDir: string, bytes: Uint8Array) =>
  join(dataDir, 'objects', createHash('sha256').update(bytes).digest('hex'));

/** Changes a byte of a file and sets its times back, as no program that means well does. */
function rot(path: string): void {
  const { atime, mtime, mode } = statSync(path);
  const bytes = readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
  chmodSync(path, mode);
}

async function deployed(slipway: RunningSlipway, ...versions: readonly Uint8Array[]) {
  for (const [index, bytes] of versions.entries()) {
    slipway.drop(KEY, bytes);
    await slipway.ending('shapes', index + 1);
  }
  await slipway.settled('shapes');
}

const damageOf = async (slipway: RunningSlipway) => {
  const { versions } = (await slipway.get('/models/shapes')) as {
    versions: { version: number; damage?: { reason: string; fix: string } }[];
  };
  return versions.flatMap(({ version, damage }) => (damage ? [{ version, ...damage }] : []));
};

describe('a version whose bytes have rotted', () => {
  it('is not made live again, and status says why', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, SPECIAL);
    await deployed(slipway, light(1), light(2));
    const object = objectOf(folder.path, light(1));
    rot(object);

    await slipway.ask('shapes', 'rollback');
    const rollback = await slipway.ending('shapes', 3);

    expect(rollback.detail.state).not.toBe('Live');
    expect(await damageOf(slipway)).toMatchObject([{ version: 1 }]);
    expect((await slipway.command('status')).out).toContain('(v1 is damaged: ');
    expect(rollback.detail.reason).toContain('has other bytes than it was stored with');
    expect((await slipway.infer('shapes', REQUEST)).headers.get('x-slipway-revision')).toBe(
      'shapes-v2',
    );
  });

  it('is taken again from the bucket at a restart, and answers right', async () => {
    await using folder = await temporaryFolder();
    {
      await using slipway = await startSlipway(folder.path, SPECIAL);
      await deployed(slipway, light(1));
      await slipway.stop();
    }
    const object = objectOf(folder.path, light(1));
    rot(object);

    await using slipway = await startSlipway(folder.path, SPECIAL);

    expect((await slipway.infer('shapes', REQUEST)).status).toBe(200);
    expect(readFileSync(object)).toEqual(Buffer.from(light(1)));
    expect(await damageOf(slipway)).toEqual([]);
  });

  it('is refused at a restart where the bucket has other bytes, and served once they are dropped again', async () => {
    await using folder = await temporaryFolder();
    {
      await using slipway = await startSlipway(folder.path, SPECIAL);
      await deployed(slipway, light(1));
      await slipway.stop();
    }
    rot(objectOf(folder.path, light(1)));
    rmSync(join(folder.path, 'bucket', KEY));

    await using slipway = await startSlipway(folder.path, SPECIAL);
    const refused = await slipway.infer('shapes', REQUEST);
    const damage = await damageOf(slipway);
    slipway.drop(KEY, light(1));
    await slipway.ending('shapes', 2);
    await eventually(async () => (await slipway.infer('shapes', REQUEST)).status === 200);

    expect(refused.status).toBe(502);
    expect(((await refused.json()) as { error: string }).error).toContain(
      'has other bytes than it was stored with',
    );
    expect(damage).toMatchObject([{ version: 1, fix: expect.stringContaining(KEY) }]);
    expect(await damageOf(slipway)).toEqual([]);
    const told = (await slipway.events('shapes')).map(({ detail }) => detail.state);
    expect(told.filter((state) => ['Damaged', 'Mended'].includes(state))).toEqual([
      'Damaged',
      'Mended',
    ]);
  });
});

describe('a version whose bytes are sound and whose answers are not', () => {
  it('is refused at a restart, with the reason in status, and served once it answers as before', async () => {
    await using folder = await temporaryFolder();
    {
      await using slipway = await startSlipway(folder.path, SPECIAL);
      slipway.drop(`${KEY}.yaml`, proofBy([1, 2]));
      await deployed(slipway, behaving('breaks-when-told', addConstantModel({ constant: 1 })));
      await slipway.stop();
    }
    const broken = breakServers(folder.path, 'shapes-v1', 'in its answers');

    await using slipway = await startSlipway(folder.path, SPECIAL);
    const refused = await slipway.infer('shapes', REQUEST);
    const { out: status } = await slipway.command('status');
    const damage = await damageOf(slipway);
    broken.takeBack();
    await eventually(async () => (await slipway.infer('shapes', REQUEST)).status === 200);

    expect(refused.status).toBe(502);
    expect(await refused.text()).toContain('no longer answers as it did when it went live');
    expect(status).toContain('(v1 is damaged: ');
    expect(damage).toMatchObject([{ version: 1, fix: expect.stringContaining('Roll back') }]);
    expect(await damageOf(slipway)).toEqual([]);
  });
});

/** A manifest whose example is answered by the same values. */
function proofBy(data: readonly number[]): string {
  const tensor = { datatype: 'FP32', shape: [data.length], data };
  const request = { inputs: [{ name: 'x', ...tensor }] };
  return JSON.stringify({
    examples: [{ request, expect: { outputs: [{ name: 'y', ...tensor }] } }],
  });
}
