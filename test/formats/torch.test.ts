import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { draftPredict } from '#formats/code/predict-draft.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { refuseOddProgram } from '#formats/torch/program.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { zipOf } from '../support/bytes/zip.ts';
import { lightningOf } from '../support/models/lightning.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/torch');
const HOSTILE = readdirSync(join(FOLDER, 'hostile'));

describe('a file of PyTorch says of itself', () => {
  it('that it is TorchScript, its class, its weights, and the arguments that it was traced with', async () => {
    expect(await inspected('rows-traced.pt')).toMatchObject({
      format: 'torch',
      formatVersion: 'TorchScript, archive 3',
      entrypoint: expect.stringMatching(/^torch\.nn\.modules\.container\..*Sequential$/),
      requirements: [expect.stringMatching(/^torch==/), expect.stringMatching(/^onnxscript/)],
      parameters: 4 * 8 + 8 + 8 * 3 + 3,
      weightBytes: 67 * 4,
      dtypes: ['FP32'],
      signature: { inputs: [{ name: 'input', datatype: 'FP32', shape: [2, 4] }], outputs: [] },
    });
    expect(await inspected('pictures-traced.pt')).toMatchObject({
      signature: { inputs: [{ name: 'input', datatype: 'FP32', shape: [1, 3, 8, 8] }] },
    });
  });

  it('that it is quantized, and the numbers that it keeps so', async () => {
    expect(await inspected('rows-quantized.pt')).toMatchObject({
      parameters: 67,
      dtypes: ['FP32', 'qint8'],
      signature: { inputs: [{ name: 'input', datatype: 'FP32', shape: [2, 4] }] },
    });
    expect(await inspected('pictures-quantized.pt')).toMatchObject({
      dtypes: expect.arrayContaining(['qint8']),
    });
  });

  it('nothing of the inputs of a module that was scripted, which takes any', async () => {
    for (const name of ['rows-scripted.pt', 'two-scripted.jit', 'counter-scripted.pt']) {
      expect(await inspected(name)).toMatchObject({ format: 'torch', signature: null });
    }
  });

  it('that what it was exported for may be of other sizes, as long as each other', async () => {
    expect((await inspected('lengths.pt2')).signature?.inputs).toEqual([
      { name: 'ids', datatype: 'INT64', shape: [-1, -1] },
      { name: 'weights', datatype: 'FP32', shape: [-1, -1] },
    ]);
  });

  it('that it is an exported program, by which torch, and what it takes', async () => {
    expect(await inspected('rows.pt2')).toMatchObject({
      formatVersion: expect.stringMatching(/^exported program, schema 8\.\d+, by torch 2\./),
      parameters: 67,
      weightBytes: 268,
      signature: { inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }] },
    });
    expect(await inspected('two.pt2')).toMatchObject({
      signature: {
        inputs: [
          { name: 'ids', datatype: 'INT64', shape: [1, 3] },
          { name: 'weights', datatype: 'FP32', shape: [1, 3] },
        ],
      },
    });
  });

  it.each([
    { name: 'free.pt2', inputs: [['input', [-1, 3, -1, -1]]] },
    {
      name: 'nested.pt2',
      inputs: [
        ['pair_0', [-1, 4]],
        ['pair_1', [-1, 2]],
        ['more_weights', [-1, 3]],
        ['mask', [-1, 3]],
      ],
    },
  ])('which of its sizes are free, in $name', async ({ name, inputs }) => {
    const { signature } = await inspected(name);

    expect(signature?.inputs.map(({ name: each, shape }) => [each, shape])).toEqual(inputs);
  });
});

describe('weights without their module are refused', () => {
  it('with the lines of a predict.py that are missing, which reads weights alone', async () => {
    const { message, fix } = await refusal('state-dict.pt');

    expect(message).toMatch(/state_dict\), 4 tensors of 67 numbers, without the module/);
    expect(fix).toContain('torch.load("state-dict.pt", map_location="cpu", weights_only=True)\n');
    expect(fix).toContain('class Predictor:');
  });

  it('of a checkpoint with the place that they have in it', async () => {
    const { message, fix } = await refusal('checkpoint.ckpt');

    expect(message).toMatch(/is a checkpoint, \d+ tensors/);
    expect(fix).toContain('weights_only=True)["model_state_dict"]\n');
  });

  it.each<[string, RegExp, RegExp]>([
    [
      'whole.pt',
      /pickled whole.*Sequential.*can run any code/,
      /torch\.jit\.script.*inspect PATH --write-predict/,
    ],
    ['detector.pt', /an Ultralytics model/, /yolo export.*inspect PATH --write-predict/],
    ['legacy.pth', /before 1\.6/, /weights_only=True/],
  ])('%s with the reason', async (name, says, advises) => {
    const { message, fix } = await refusal(name);

    expect(message).toMatch(says);
    expect(fix).toMatch(advises);
  });

  it.each<[string, string]>([
    ['with plain hyper-parameters', '}'],
    ['with those that are objects', 'clightning.fabric.utilities.data\nAttributeDict\n)\x81'],
  ])('of a checkpoint of Lightning %s, which Lightning loads', async (_, parameters) => {
    const file = memoryFile('epoch=3.ckpt', lightningOf(parameters));
    const outcome = await inspectFiles([file], options).catch((error: unknown) => error);
    const { code, requirements } = await draftPredict([file]);

    expect(outcome).toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining('epoch=3.ckpt is a checkpoint of PyTorch Lightning'),
      fix: expect.stringMatching(
        /^Call it model\.ckpt .* model\.py[\s\S]*Net\.load_from_checkpoint\("epoch=3\.ckpt", map_location="cpu"\)/,
      ),
    });
    expect(code).toContain('Net.load_from_checkpoint(FILE, map_location="cpu").eval()');
    expect(requirements).toContain('lightning');
  });

  it('and are served by a predict.py beside them', async () => {
    const predict = 'class Predictor:\n    def predict(self, inputs):\n        return inputs\n';
    const files = [fileOf('state-dict.pt'), memoryFile('predict.py', predict)];

    expect(await inspectFiles(files, options)).toMatchObject({ format: 'python' });
  });
});

describe('the guards of an exported program', () => {
  const guarded = (guard: string) => () =>
    refuseOddProgram('m.pt2', { guards_code: ["L['x'].size()[0] >= 2", guard] });

  it.each([
    "L['ids'].size()[1] == L['mask'].size()[1]",
    "L['kwargs']['x'][0].size()[2] != 1",
    "(1 + (((-1) + L['x'].size()[3]) // 2)) != 1",
    "((L['x'].size()[1]*L['x'].size()[0]) % (2*L['x'].size()[0])) == 0",
    "L['x'].stride()[0] == 1 or not L['x'].size()[1] < 5",
  ])('may compare sizes by what torch makes of them: %s', (guard) => {
    expect(guarded(guard)).not.toThrow();
  });

  it.each([
    "__import__('os').system('id')",
    "L['x'].size()[0] == L['x'].numpy()",
    "L['x'].size()[0] == 9**9**9",
    "L['x'].size()[0] == (lambda: 1)()",
    "L['x'].size()[0] == a",
    "L['x'].size()[0] == ''",
    `0 == ${'('.repeat(10_000)}`,
  ])('are refused where they are anything else: %s', (guard) => {
    expect(guarded(guard)).toThrow(/guards its inputs by/);
  });
});

describe('what torch wrote long ago is refused with what to do', () => {
  const tar = (name: string) => Buffer.concat([Buffer.from(`${name}\0`), Buffer.alloc(1024)]);
  const ustar = Buffer.alloc(1024);
  ustar.write('net/data', 0);
  ustar.write('ustar', 257);
  const pickle = Buffer.from('80047d942e', 'hex');
  const zip = (...names: readonly string[]) =>
    zipOf(names.map((name) => ({ name, content: '{}' })));

  it.each<[string, Buffer, RegExp, RegExp]>([
    [
      'an exported program of before 2.8',
      zip('serialized_exported_program.json', 'serialized_state_dict.pt', 'version'),
      /as torch wrote it before 2\.8/,
      /Export it again with torch 2\.8/,
    ],
    [
      'TorchScript of before 1.4',
      zip('net/model.json', 'net/tensors/0', 'net/version'),
      /TorchScript as torch wrote it before 1\.4/,
      /torch\.jit\.load\("FILE"\)\.save/,
    ],
    ['a tar', tar('sys_info'), /a tar, as torch wrote it before 0\.2/, /torch\.jit\.script/],
    ['another tar', ustar, /a tar, as torch wrote it before 0\.2/, /predict\.py/],
    ['a pickle', pickle, /a pickle of Python, which torch did not write/, /predict\.py/],
  ])('%s', async (_, bytes, says, advises) => {
    await expect(inspectFiles([memoryFile('m.pt', bytes)], options)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringMatching(says),
      fix: expect.stringMatching(advises),
    });
  });
});

describe('what no module needs is refused', () => {
  it.each(HOSTILE)('%s', async (name) => {
    const { message, fix } = await refusal(join('hostile', name));

    expect(message).toMatch(
      /names `|names a value|calls `|guards|has the size|takes or answers|beyond its|takes 128 bytes|calls operators|not a plain tensor|compiled code|sets attributes/,
    );
    expect(fix).toMatch(/^[A-Z].*\.$/s);
  });

  it('where the file ends too early', async () => {
    const bytes = readFileSync(join(FOLDER, 'rows-scripted.pt'));
    const cut = memoryFile('m.pt', bytes.subarray(0, 4000));

    await expect(inspectFiles([cut], options)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining('not a complete zip'),
    });
  });
});

const options = { maxBytes: 2 ** 40, manifest: manifestSchema.parse({}) };

function fileOf(name: string) {
  return memoryFile(name.split('/').at(-1) ?? '', readFileSync(join(FOLDER, name)));
}

function inspected(name: string) {
  return inspectFiles([fileOf(name)], options);
}

async function refusal(name: string): Promise<{ message: string; fix: string }> {
  const found = await inspected(name).catch((error: unknown) => error);
  expect(found).toMatchObject({ name: 'ArtifactRejected' });
  return found as { message: string; fix: string };
}
