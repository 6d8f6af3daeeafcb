import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/clock/eventually.ts';
import {
  addConstantModel,
  EXTERNAL_DATA,
  externalDataModel,
  wrongDomainModel,
} from '../support/models/onnx.ts';
import { processesOf, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const GOOD = addConstantModel({ constant: 10 });
const REQUEST = { inputs: [{ name: 'x', datatype: 'FP32', shape: [4], data: [0, 0, 0, 0] }] };

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let slipway: Awaited<ReturnType<typeof startSlipway>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  slipway = await startSlipway(folder.path);
  slipway.drop('models/good/a.onnx', GOOD);
  await slipway.ending('good', 1);
});

afterAll(async () => {
  await slipway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

type Case = {
  readonly name: string;
  readonly model: string;
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly reason: RegExp | string;
  readonly fix: RegExp;
};

const inFolder = (model: string, location: string, more: Case['files'] = {}) => ({
  model,
  files: { 'f/a.onnx': externalDataModel(location), ...more, 'f/model.yaml': '' },
});
const withManifest = (model: string, manifest: Uint8Array | string) => ({
  model,
  files: { 'a.onnx.yaml': manifest, 'a.onnx': GOOD },
});

const ARTIFACTS: readonly Case[] = [
  {
    name: 'a model whose name may not be',
    model: 'Bad_Name',
    files: { 'a.onnx': GOOD },
    reason: /`Bad_Name` is not allowed; a name has 1 to 40 lower-case letters/,
    fix: /^Upload it again under models\/bad-name\/, or with another such name/,
  },
  {
    name: 'a model file in no model’s folder',
    model: 'stray.onnx',
    files: { '../stray.onnx': GOOD },
    reason: /^models\/stray\.onnx is not in the folder of a model/,
    fix: /^Upload it again as models\/NAME\/stray\.onnx/,
  },
  {
    name: 'an empty file',
    model: 'empty',
    files: { 'a.onnx': '' },
    reason: 'a.onnx is empty',
    fix: /^Upload the whole file again/,
  },
  {
    name: 'a text file named .onnx',
    model: 'text',
    files: { 'a.onnx': 'this is no model, it is a letter\n'.repeat(20) },
    reason: 'a.onnx is a text file, not an ONNX model',
    fix: /^Upload the ONNX file/,
  },
  {
    name: 'a model that was cut short',
    model: 'cut',
    files: { 'a.onnx': GOOD.slice(0, GOOD.length - 20) },
    reason: /^a\.onnx is truncated: it ends at byte 77,/,
    fix: /^Upload the whole file again/,
  },
  {
    name: 'an operator of an unknown domain',
    model: 'domain',
    files: { 'a.onnx': wrongDomainModel() },
    reason: /`com\.example::Mystery`; this version runs those of ai\.onnx,/,
    fix: /standard operators/,
  },
  {
    name: 'a pickle that would run a command',
    model: 'pickle',
    files: { 'a.pkl': "cposix\nsystem\n(S'touch owned'\ntR." },
    reason: /^a\.pkl: .*posix\.system/,
    fix: /./,
  },
  {
    name: 'a format known by its name alone',
    model: 'tensors',
    files: { 'a.safetensors': 'not even that' },
    reason: 'a.safetensors is a safetensors file, which this version does not serve',
    fix: /optimum-cli export onnx/,
  },
  {
    name: 'a file in no known format',
    model: 'json',
    files: { 'a.json': '{}' },
    reason: 'there is no model among `a.json`',
    fix: /^Upload a file that ends in \.onnx, \.joblib/,
  },
  {
    name: 'external data above the artifact',
    ...inFolder('above', '../secret.bin'),
    reason: /`\.\.\/secret\.bin`, which leaves the folder of the model/,
    fix: /files beside it/,
  },
  {
    name: 'external data at an absolute path',
    ...inFolder('absolute', '/etc/passwd'),
    reason: /`\/etc\/passwd`, which is an absolute path/,
    fix: /files beside it/,
  },
  {
    name: 'external data that is too short',
    ...inFolder('short', 'w.bin', { 'f/w.bin': EXTERNAL_DATA.slice(0, 8) }),
    reason: /`w\.bin` up to byte 16; the file has 8 bytes/,
    fix: /files beside it/,
  },
  {
    name: 'a folder without a model',
    model: 'bare',
    files: { 'f/model.yaml': '' },
    reason: 'there is no file of a model',
    fix: /^Put the files of the model in the folder/,
  },
];

const MANIFESTS: readonly Case[] = [
  {
    name: 'a typo in its manifest',
    ...withManifest('typo', 'server: {}\nexmaples: []\n'),
    reason: /a\.onnx\.yaml line 2: unknown key `exmaples`; did you mean `examples`\?/,
    fix: /docs\/model\.yaml/,
  },
  {
    name: 'a manifest value of the wrong type',
    ...withManifest('kind', 'server:\n  startupTimeoutSeconds: soon\n'),
    reason: /line 2: server\.startupTimeoutSeconds is `soon`; expected a number/,
    fix: /docs\/model\.yaml/,
  },
  {
    name: 'a manifest that is too large',
    ...withManifest('large', `# ${'x'.repeat(300_000)}\n`),
    reason: /a\.onnx\.yaml is 300003 bytes; the limit for a manifest is 262144/,
    fix: /out of the manifest/,
  },
  {
    name: 'a manifest that is not UTF-8',
    ...withManifest('latin', new Uint8Array([0x23, 0xe4, 0x0a])),
    reason: /a\.onnx\.yaml is not UTF-8 text/,
    fix: /UTF-8/,
  },
  {
    name: 'more memory asked for than any target has',
    ...withManifest('memory', 'resources: { memory: 2000Gi }\n'),
    reason: /resources\.memory is `2000Gi`; the limits are 128Mi and 1024Gi/,
    fix: /docs\/model\.yaml/,
  },
];

const CASES = [...ARTIFACTS, ...MANIFESTS];

const dropAll = (model: string, files: Case['files']) => {
  for (const [name, bytes] of Object.entries(files)) slipway.drop(`models/${model}/${name}`, bytes);
};

describe('a Slipway that is given something wrong', () => {
  it.each(CASES)(
    'refuses $name, says why and what to do, and leaves nothing of it',
    async ({ model, files, reason, fix }) => {
      dropAll(model, files);
      const { detail } = await slipway.ending(model, 1);

      expect(detail).toMatchObject({
        state: 'Rejected',
        reason: expect.stringMatching(reason),
        fix: expect.stringMatching(fix),
      });
      expect((await fetch(`${slipway.gateway}/_candidate/${model}-v1/ping`)).status).toBe(404);
      expect(existsSync(join(folder.path, 'revisions', `${model}-v1`))).toBe(false);
      expect(processesOf(join(folder.path, 'revisions', model))).toEqual([]);
      expect((await slipway.infer('good', REQUEST)).status).toBe(200);
    },
  );

  it('has told of each of them once', async () => {
    for (const { model } of CASES) expect(await slipway.endings(model)).toHaveLength(1);
  });
});

it.each(['a.onnx.data', 'a.onnx_data'])(
  'a file is deployed with the data that its exporter left in %s beside it',
  async (data) => {
    const name = data.endsWith('.data') ? 'by-torch' : 'by-optimum';
    dropAll(name, { 'a.onnx': externalDataModel(data), [data]: EXTERNAL_DATA });
    await slipway.ending(name, 1);

    const answer = await slipway.infer(name, REQUEST);

    expect(await answer.json()).toMatchObject({ outputs: [{ data: [1, 2, 3, 4] }] });
    expect(await slipway.endings(name)).toEqual([expect.objectContaining({ state: 'Live' })]);
  },
);

it('the data that an ONNX model lacks deploys both when it comes, and is told of where the model went live without it', async () => {
  dropAll('late', { 'a.onnx': externalDataModel('a.onnx.data') });
  await slipway.ending('late', 1);

  dropAll('late', { 'a.onnx.data': EXTERNAL_DATA });
  await slipway.ending('late', 2);
  const answer = await slipway.infer('late', REQUEST);
  dropAll('late', { 'a.onnx.data': EXTERNAL_DATA.map((byte) => byte + 1) });
  await slipway.ending('late', 3);

  expect(await answer.json()).toMatchObject({ outputs: [{ data: [1, 2, 3, 4] }] });
  expect(await slipway.endings('late')).toEqual([
    expect.objectContaining({ state: 'Rejected' }),
    expect.objectContaining({ state: 'Live' }),
    expect.objectContaining({
      state: 'Ignored',
      fix: expect.stringContaining('Upload models/late/a.onnx again after it'),
    }),
  ]);
});

describe('a folder', () => {
  it('is deployed with the data beside its model, without a word on its parts', async () => {
    dropAll('whole', inFolder('whole', 'w.bin', { 'f/w.bin': EXTERNAL_DATA }).files);
    await slipway.ending('whole', 1);

    const answer = await slipway.infer('whole', REQUEST);

    expect(await answer.json()).toMatchObject({ outputs: [{ data: [1, 2, 3, 4] }] });
    expect(await slipway.endings('whole')).toEqual([expect.objectContaining({ state: 'Live' })]);
  });

  it('without its model.yaml is ignored with a hint, and deployed when that comes', async () => {
    dropAll('synced', { 'f/a.onnx': externalDataModel('w.bin'), 'f/w.bin': EXTERNAL_DATA });
    const { detail: hint } = await slipway.ending('synced', 1);

    dropAll('synced', { 'f/model.yaml': '' });
    await eventually(async () =>
      (await slipway.endings('synced')).some(({ state }) => state === 'Live'),
    );

    expect(hint).toMatchObject({
      state: 'Ignored',
      version: null,
      reason: expect.stringMatching(/starts no deployment: models\/synced\/f\/ has no model\.yaml/),
      fix: expect.stringMatching(/upload models\/synced\/f\/model\.yaml/),
    });
    // One a minute: the files may have come around the turn of one.
    expect((await slipway.endings('synced')).length).toBeLessThanOrEqual(3);
  });
});
