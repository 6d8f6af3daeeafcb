import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import { parseJson } from '#domain/parse-json.ts';
import { zipFiles } from '#formats/archives/zip-read.ts';
import { inspectTorch } from '#formats/torch/inspect.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { zipOf } from '../support/bytes/zip.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/torch');
const SIZES: Readonly<Record<string, readonly number[]>> = {
  weight_0: [64, 32],
  weight_1: [64],
  weight_2: [16, 64],
  weight_3: [16],
};

type Change = (value: number, index: number, weight: string) => number;

const numbersOf = (weight: string, change: Change) => {
  const count = (SIZES[weight] ?? []).reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, (_, index) =>
    change(Math.sin(7 * index + Number(weight.at(-1))), index, weight),
  );
  return Buffer.from(Float32Array.from(values).buffer);
};

/** The program of the fixture, with larger weights that `change` has changed. */
async function program(name: string, change: Change = (value) => value) {
  const source = memoryFile(name, readFileSync(join(FOLDER, name)));
  const files = await zipFiles(await source.open(), name, { maxBytes: 1e9, maxEntries: 100 });
  const parts = await Promise.all(
    files.map(async (file) => {
      const opened = await file.open();
      const content = Buffer.from(await opened.read(0, file.sizeBytes));
      const weight = file.name.split('/').at(-1) ?? '';
      if (weight in SIZES) return { name: file.name, content: numbersOf(weight, change) };
      if (weight !== 'model_weights_config.json') return { name: file.name, content };
      const said = parseJson(content.toString()) as {
        config: Record<string, { path_name: string; tensor_meta: { sizes: object[] } }>;
      };
      for (const { path_name, tensor_meta } of Object.values(said.config)) {
        tensor_meta.sizes = (SIZES[path_name] ?? []).map((as_int) => ({ as_int }));
      }
      return { name: file.name, content: JSON.stringify(said) };
    }),
  );
  return printsOf(zipOf(parts), name);
}

async function printsOf(bytes: Buffer, name: string) {
  const { weights } = await inspectTorch(await memoryFile(name, bytes).open(), name);
  return weights;
}

const signsOf = async (name: string, change: Change) =>
  weightDifferences(await program(name), await program(name, change)).map(({ what }) => what);

describe('the parameters of an exported program', () => {
  it('have a digest each, which is the same where the file is saved again', async () => {
    const prints = await program('rows.pt2');

    expect(prints?.map(({ name }) => name).toSorted()).toEqual([
      '0.bias',
      '0.weight',
      '2.bias',
      '2.weight',
    ]);
    expect(await signsOf('rows.pt2', (value) => value)).toEqual([]);
  });

  it('are damaged where a third of a matrix has moved', async () => {
    const signs = await signsOf('rows.pt2', (value, index, weight) =>
      weight === 'weight_0' && index < 600 ? value + 0.1 : value,
    );

    expect(signs).toEqual([expect.stringContaining('"0.weight"')]);
  });

  it.each<[string, Change]>([
    ['all of them', (value, index) => value + 1e-3 * Math.cos(index)],
    ['the last layer', (value, _, weight) => (/[23]$/.test(weight) ? value * 1.01 : value)],
    ['the biases', (value, _, weight) => (/[13]$/.test(weight) ? value + 0.01 : value)],
  ])('are not damaged by a training of %s', async (_, change) => {
    expect(await signsOf('rows.pt2', change)).toEqual([]);
  });

  it('are not damaged where some rows of an embedding were trained, whatever its name is', async () => {
    const prints = await program('lengths.pt2');

    expect(prints).toMatchObject([{ name: 'words.weight', isSparse: true }]);
    expect(
      await signsOf('lengths.pt2', (value, index) => (index < 200 ? value + 0.1 : value)),
    ).toEqual([]);
  });
});
