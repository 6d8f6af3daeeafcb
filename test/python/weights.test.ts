import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { pythonWith } from '../runtimes/python-environment.ts';
import { fileSource } from '../support/bytes/sources.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const run = promisify(execFile);
const pathOf = (name: string) => join(import.meta.dirname, name);
const DAMAGED = 'some numbers in';
const ROUNDED = 'the numbers in';
const OTHER_ROWS = 'its rows are prepared in another way';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  const frameworks = await pythonWith(
    'convert-requirements.in',
    'requirements.in',
    pathOf('right-numbers-requirements.txt'),
  );
  const gguf = await pythonWith(pathOf('gguf-requirements.txt'));
  for (const [python, script] of [
    [frameworks, 'weights.py'],
    [gguf, 'weights_gguf.py'],
  ] as const) {
    if (typeof python === 'object') throw new Error(python.missing);
    await run(python, [pathOf(script), folder.path]);
  }
});

afterAll(() => folder[Symbol.asyncDispose]());

async function weightsOf(...names: readonly string[]) {
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder.path, name);
      const { sizeBytes } = await fileSource(path);
      return { name: basename(name), sizeBytes, open: () => fileSource(path) };
    }),
  );
  const manifest = manifestSchema.parse({});
  return (await inspectFiles(files, { maxBytes: 1e9, manifest })).weights;
}

describe('a network in ONNX, which scikit-learn trained,', () => {
  it.each<[string, string, readonly string[]]>([
    ['damaged', DAMAGED, ['damaged.onnx']],
    ['rounded', ROUNDED, ['of-two-bits.onnx']],
    ['behind another scaler', OTHER_ROWS, ['behind-another-scaler.onnx']],
  ])('is found %s', async (_, sign, names) => {
    const found = weightDifferences(await weightsOf('first.onnx'), await weightsOf(...names));

    expect(found).toMatchObject([{ what: expect.stringContaining(sign), isFault: true }]);
  });

  it.each([
    ['saved again', ['saved-again.onnx']],
    ['in the fields of its types', ['in-typed-fields.onnx']],
    ['in a file beside it', ['in-a-file-beside.onnx', 'beside.bin']],
  ])('has the same print %s', async (_, names) => {
    expect(await weightsOf(...names)).toEqual(await weightsOf('first.onnx'));
  });

  it.each([
    'of-another-opset',
    'of-another-seed',
    'of-more-rows',
    'of-other-settings',
    'with-another-head',
    'of-16-bits',
    'of-8-bits',
  ])('is not called damaged %s', async (name) => {
    const after = await weightsOf(`${name}.onnx`);

    expect(after).toBeDefined();
    expect(weightDifferences(await weightsOf('first.onnx'), after)).toEqual([]);
  });
});

describe('trees of LightGBM', () => {
  it('are found damaged', async () => {
    const found = weightDifferences(await weightsOf('first.txt'), await weightsOf('damaged.txt'));

    expect(found).toMatchObject([{ what: expect.stringContaining(DAMAGED), isFault: true }]);
  });

  it('have the same print saved again', async () => {
    expect(await weightsOf('saved-again.txt')).toEqual(await weightsOf('first.txt'));
  });

  it.each(['of-more-rows', 'with-more-trees', 'of-other-leaves'])(
    'are not called damaged %s',
    async (name) => {
      const after = await weightsOf(`${name}.txt`);

      expect(after).toBeDefined();
      expect(weightDifferences(await weightsOf('first.txt'), after)).toEqual([]);
    },
  );
});

describe('a forest of LightGBM', () => {
  it.each(['leaf', 'threshold'])('is found damaged by a single %s', async (name) => {
    const found = weightDifferences(
      await weightsOf('forest.txt'),
      await weightsOf(`forest-with-a-damaged-${name}.txt`),
    );

    expect(found).toMatchObject([{ what: expect.stringContaining(DAMAGED), isFault: true }]);
  });

  it('has the same print saved again', async () => {
    expect(await weightsOf('forest-saved-again.txt')).toEqual(await weightsOf('forest.txt'));
  });

  it.each([
    'of-a-corrected-row',
    'of-a-corrected-label',
    'of-more-rows',
    'of-another-seed',
    'of-other-leaves',
  ])('is not called damaged %s', async (name) => {
    const after = await weightsOf(`forest-${name}.txt`);

    expect(after).toBeDefined();
    expect(after).not.toEqual(await weightsOf('forest.txt'));
    expect(weightDifferences(await weightsOf('forest.txt'), after)).toEqual([]);
  });
});

describe.each(['lightgbm', 'lightgbm-forest', 'catboost'])('a pickle of %s', (name) => {
  it.each<[string, string, string, string]>([
    ['damaged', DAMAGED, `${name}.pkl`, `${name}-damaged.pkl`],
    ['behind another scaler', OTHER_ROWS, `${name}.joblib`, `${name}-behind-another-scaler.joblib`],
  ])('is found %s', async (_, sign, before, after) => {
    const found = weightDifferences(await weightsOf(before), await weightsOf(after));

    expect(found).toMatchObject([{ what: expect.stringContaining(sign), isFault: true }]);
  });

  it('is not called damaged of more rows', async () => {
    const after = await weightsOf(`${name}-of-more-rows.pkl`);

    expect(after).toBeDefined();
    expect(weightDifferences(await weightsOf(`${name}.pkl`), after)).toEqual([]);
  });
});

describe.each(['F16', 'Q4_0', 'Q4_1', 'Q5_0', 'Q8_0'])('a language model in %s', (type) => {
  const of = (name: string) => weightsOf(`${name}-${type}.gguf`);

  it('is found damaged', async () => {
    const found = weightDifferences(await of('first'), await of('damaged'));

    expect(found).toMatchObject([{ what: expect.stringContaining(DAMAGED), isFault: true }]);
  });

  it('has the same print with its tensors in another order', async () => {
    expect(await of('reordered')).toEqual(await of('first'));
  });

  it.each(['adapted', 'hardly-adapted', 'tuned'])('is not called damaged %s', async (name) => {
    expect(weightDifferences(await of('first'), await of(name))).toEqual([]);
  });

  it('is not called damaged beside one of more bits', async () => {
    const other = type === 'F16' ? 'Q8_0' : 'F16';

    expect(weightDifferences(await weightsOf(`first-${other}.gguf`), await of('first'))).toEqual(
      [],
    );
  });
});
