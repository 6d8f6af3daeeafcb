import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SlipwayEvent } from '#domain/event.ts';
import { eventually } from '../support/eventually.ts';
import {
  addConstantModel,
  EXTERNAL_DATA,
  externalDataModel,
  wrongDomainModel,
} from '../support/onnx-models.ts';
import { isEnding, startSlipway, temporaryFolder } from '../support/running-slipway.ts';

const GOOD = addConstantModel({ constant: 10 });
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }] };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: Awaited<ReturnType<typeof startSlipway>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path);
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function endings(model: string): Promise<readonly SlipwayEvent['detail'][]> {
  return (await slipway.events(model)).filter(isEnding).map(({ detail }) => detail);
}

type Case = {
  readonly name: string;
  readonly model: string;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly reason: RegExp;
  readonly fix: RegExp;
};

const CASES: readonly Case[] = [
  {
    name: 'a model whose name may not be',
    model: 'Bad_Name',
    files: { 'a.onnx': GOOD },
    reason: /`Bad_Name` is not allowed; a name has 1 to 40 lower-case letters/,
    fix: /Upload it again under models\/NAME\//,
  },
  {
    name: 'an empty file',
    model: 'empty',
    files: { 'a.onnx': '' },
    reason: /a\.onnx.* (empty|0 bytes)/,
    fix: /\w/,
  },
  {
    name: 'a text file named .onnx',
    model: 'text',
    files: { 'a.onnx': 'this is no model, it is a letter\n'.repeat(20) },
    reason: /a\.onnx.*(text|not an ONNX)/,
    fix: /\w/,
  },
  {
    name: 'a model that was cut short',
    model: 'cut',
    files: { 'a.onnx': GOOD.slice(0, GOOD.length - 20) },
    reason: /a\.onnx.*(truncated|ends|cut)/,
    fix: /upload/i,
  },
  {
    name: 'an operator of an unknown domain',
    model: 'domain',
    files: { 'a.onnx': wrongDomainModel() },
    reason: /Mystery.*com\.example|com\.example.*Mystery/,
    fix: /\w/,
  },
  {
    name: 'external data outside the artifact',
    model: 'outside',
    files: { 'f/a.onnx': externalDataModel('../secret.bin'), 'f/model.yaml': '' },
    reason: /\.\.\/secret\.bin/,
    fix: /\w/,
  },
  {
    name: 'external data that is not there',
    model: 'missing',
    files: { 'f/a.onnx': externalDataModel('weights.bin'), 'f/model.yaml': '' },
    reason: /weights\.bin/,
    fix: /\w/,
  },
  {
    name: 'a format that is not served',
    model: 'pickle',
    files: { 'a.pkl': new Uint8Array([0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0, 0x2e]) },
    reason: /a\.pkl.* pickle.*this version serves ONNX only/,
    fix: /onnx/i,
  },
  {
    name: 'a manifest with a typo',
    model: 'typo',
    files: { 'f/a.onnx': GOOD, 'f/model.yaml': 'server: {}\nexmaples: []\n' },
    reason: /model\.yaml line 2: .*`exmaples`.*`examples`/,
    fix: /\w/,
  },
];

describe('a Slipway that is given something wrong', () => {
  it.each(CASES)(
    'says what is wrong with $name, once, and what to do',
    async ({ model, files, reason, fix }) => {
      for (const [name, bytes] of Object.entries(files)) {
        slipway.drop(`models/${model}/${name}`, bytes);
      }

      const rejected = () =>
        endings(model).then((list) => list.filter(({ state }) => state === 'Rejected'));
      await eventually(async () => (await rejected()).length > 0);

      expect(await rejected()).toEqual([
        expect.objectContaining({
          reason: expect.stringMatching(reason),
          fix: expect.stringMatching(fix),
        }),
      ]);
      expect((await fetch(`${slipway.gateway}/models/${model}/ping`)).status).toBe(404);
      expect((await fetch(`${slipway.gateway}/_candidate/${model}-v1/ping`)).status).toBe(404);
    },
  );

  it('ignores a folder that comes without its model.yaml, with one helpful event, and deploys it when that comes', async () => {
    slipway.drop('models/synced/net/model.onnx', externalDataModel('weights.bin'));
    slipway.drop('models/synced/net/weights.bin', EXTERNAL_DATA);
    slipway.drop('models/synced/net/README.md', '# a model');
    const ignored = await slipway.ending('synced', 1);

    expect(ignored.detail).toMatchObject({
      state: 'Ignored',
      version: null,
      fix: expect.stringMatching(/model\.yaml uploaded last/),
    });
    slipway.drop('models/synced/net/model.yaml', '');
    await eventually(async () => (await endings('synced')).some(({ state }) => state === 'Live'));
    const answer = await slipway.infer('synced', {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [4], data: [0, 0, 0, 0] }],
    });
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [1, 2, 3, 4] }] });
    // One a minute at most: the files may have come around the turn of one.
    expect(
      (await endings('synced')).filter(({ state }) => state === 'Ignored').length,
    ).toBeLessThanOrEqual(2);
  });

  it('ignores the same bytes again, naming the version that is live, and deploys them with another manifest', async () => {
    slipway.drop('models/twin/a.onnx', GOOD);
    await slipway.ending('twin', 1);

    slipway.drop('models/twin/a.onnx', GOOD);
    const second = await slipway.ending('twin', 2);
    slipway.drop('models/twin/a.onnx.yaml', 'rollout: { bakeSeconds: 0 }\n');
    slipway.drop('models/twin/a.onnx', GOOD);
    const third = await slipway.ending('twin', 3);

    expect(second.detail).toMatchObject({
      state: 'Ignored',
      reason: expect.stringMatching(/same, byte for byte, as twin-v1, which is live/),
    });
    expect(third.detail).toMatchObject({ state: 'Live', version: 2 });
  });

  it('lets an upload wait for the one before it, and only the newest', async () => {
    slipway.drop('models/busy/a.onnx.yaml', 'rollout: { bakeSeconds: 2 }\n');
    slipway.drop('models/busy/a.onnx', addConstantModel({ constant: 1 }));
    await eventually(async () =>
      (await slipway.events('busy')).some(({ detail }) => detail.state === 'Provisioning'),
    );

    slipway.drop('models/busy/a.onnx', addConstantModel({ constant: 2 }));
    await eventually(async () =>
      (await slipway.events('busy')).some(({ detail }) => detail.state === 'Waiting'),
    );
    slipway.drop('models/busy/a.onnx', addConstantModel({ constant: 3 }));
    await slipway.ending('busy', 3);

    const states = (await endings('busy')).map(({ version, state }) => `${version} ${state}`);
    expect(states.toSorted()).toEqual(['1 Live', '2 Superseded', '3 Live']);
    const answer = await slipway.infer('busy', REQUEST);
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [4, 5] }] });
  });

  it('deploys two models side by side', async () => {
    slipway.drop('models/left/a.onnx', addConstantModel({ constant: 1 }));
    slipway.drop('models/right/a.onnx', addConstantModel({ constant: 2 }));

    const both = await Promise.all([slipway.ending('left', 1), slipway.ending('right', 1)]);

    expect(both.map(({ detail }) => detail.state)).toEqual(['Live', 'Live']);
  });

  it('goes on serving a model whose file is deleted', async () => {
    slipway.drop('models/kept/a.onnx', GOOD);
    await slipway.ending('kept', 1);

    rmSync(join(folder.path, 'bucket/models/kept/a.onnx'));
    slipway.drop('models/marker/a.onnx', GOOD);
    await slipway.ending('marker', 1);

    expect((await slipway.infer('kept', REQUEST)).status).toBe(200);
    expect(await endings('kept')).toHaveLength(1);
  });

  it('turns a request away that is larger than Lambda takes, and names the limit', async () => {
    slipway.drop('models/small/a.onnx', GOOD);
    await slipway.ending('small', 1);

    const response = await fetch(`${slipway.gateway}/models/small/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(5_000_000),
    });

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: expect.stringMatching(/4\.5 MB/) });
    expect((await slipway.infer('small', REQUEST)).status).toBe(200);
  });

  it('says which models there are when asked for another', async () => {
    const response = await fetch(`${slipway.gateway}/models/nobody/ping`);

    expect(response.status).toBe(404);
    expect(await response.json()).toHaveProperty('models');
  });

  it('says so when the bucket folder is taken away, and goes on answering', async () => {
    slipway.drop('models/steady/a.onnx', GOOD);
    await slipway.ending('steady', 1);
    const bucket = join(folder.path, 'bucket');

    renameSync(bucket, join(folder.path, 'away'));
    await eventually(
      () => slipway.output().includes(bucket) && /gone|ENOENT|not there/.test(slipway.output()),
    );
    const answer = await slipway.infer('steady', REQUEST);
    renameSync(join(folder.path, 'away'), bucket);

    expect(answer.status).toBe(200);
  });
});

describe('a Slipway that was down', () => {
  it('finds what was dropped meanwhile', async () => {
    await using place = await temporaryFolder();
    const target = join(place.path, 'bucket/models/found');
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'a.onnx'), GOOD);

    await using restarted = await startSlipway(place.path);
    const end = await restarted.ending('found', 1);

    expect(end.detail.state).toBe('Live');
    // The file follows the registry, from which the control API answers.
    await eventually(() =>
      readFileSync(join(place.path, 'events.ndjson'), 'utf8').includes('"state":"Live"'),
    );
  });

  it('is refused a second time on the same folder', async () => {
    await using place = await temporaryFolder();
    await using _first = await startSlipway(place.path);

    await expect(startSlipway(place.path)).rejects.toThrow(/another Slipway runs on/);
  });
});
