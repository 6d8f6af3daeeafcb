import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import { parseJson } from '#domain/parse-json.ts';
import { zipFiles } from '#formats/archives/zip-read.ts';
import { tensorPrints } from '#formats/bytes/tensor-prints.ts';
import { inspectTorch } from '#formats/torch/inspect.ts';
import { readState } from '#formats/torch/state.ts';
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

/** A file of torch whose members `change` has changed. */
async function changed(name: string, change: (path: string, content: Buffer) => Buffer) {
  const source = memoryFile(name, readFileSync(join(FOLDER, name)));
  const files = await zipFiles(await source.open(), name, { maxBytes: 1e9, maxEntries: 100 });
  const parts = await Promise.all(
    files.map(async (file) => {
      const content = Buffer.from(await (await file.open()).read(0, file.sizeBytes));
      return { name: file.name, content: change(file.name, content) };
    }),
  );
  return zipOf(parts);
}

/** Other numbers in the first `part` of the storages of so many bytes. */
const moved =
  (bytes: number, part: number) =>
  (path: string, content: Buffer): Buffer => {
    if (!/\/data\/\d+$/.test(path) || content.length !== bytes) return content;
    const numbers = Buffer.from(content);
    for (let at = 0; at < bytes * part; at += 4)
      numbers.writeFloatLE(numbers.readFloatLE(at) + 1, at);
    return numbers;
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

describe('the parameters of a TorchScript module', () => {
  const scripted = async (name: string, change = moved(0, 0)) =>
    printsOf(await changed(name, change), name);
  const signs = async (name: string, change: ReturnType<typeof moved>) =>
    weightDifferences(await scripted(name), await scripted(name, change)).map(({ what }) => what);

  it.each(['rows-scripted.pt', 'rows-traced.pt'])('have a digest each: %s', async (name) => {
    expect(
      (await scripted(name))?.map(({ name, isSparse, bytes }) => [name, isSparse, bytes]),
    ).toEqual([
      ['0.bias', undefined, 32],
      ['0.weight', undefined, 128],
      ['2.bias', undefined, 12],
      ['2.weight', undefined, 96],
    ]);
  });

  it('are damaged where a third of a matrix has moved', async () => {
    expect(await signs('rows-scripted.pt', moved(128, 0.3))).toEqual([
      expect.stringContaining('"0.weight"'),
    ]);
  });

  it.each([
    ['a whole matrix', 128],
    ['the biases of a layer', 32],
  ])('are not damaged by a training of %s', async (_, bytes) => {
    expect(await signs('rows-scripted.pt', moved(bytes, 1))).toEqual([]);
  });

  it('are not damaged where some rows of an embedding were trained, whatever its name is', async () => {
    expect(await scripted('two-scripted.jit')).toMatchObject([
      { name: 'words.weight', isSparse: true },
    ]);
    expect(await signs('two-scripted.jit', moved(256, 0.3))).toEqual([]);
  });

  it('say nothing where they are packed for a quantized layer', async () => {
    const prints = await scripted('rows-quantized.pt');

    expect(prints?.every(({ isSparse }) => isSparse)).toBe(true);
  });
});

describe('the weights of a state_dict', () => {
  const fittedIn = async (bytes: Buffer) => {
    const { fitted } = await readState(await memoryFile('w.bin', bytes).open(), 'w.bin', 'again');
    return tensorPrints(fitted);
  };

  it('have a digest each, and are damaged where a part of one has moved', async () => {
    const [before, after, trained] = await Promise.all(
      [moved(0, 0), moved(128, 0.3), moved(128, 1)].map(async (change) =>
        fittedIn(await changed('state-dict.pt', change)),
      ),
    );

    expect(before?.map(({ name }) => name)).toEqual(['0.bias', '0.weight', '2.bias', '2.weight']);
    expect(weightDifferences(before, after)).toMatchObject([
      { isFault: true, what: expect.stringContaining('"0.weight"') },
    ]);
    expect(weightDifferences(before, trained)).toEqual([]);
  });

  it('have the same digests in a zip that is compressed, which torch does not write', async () => {
    const plain = await changed('state-dict.pt', moved(0, 0));
    const files = await zipFiles(await memoryFile('w.bin', plain).open(), 'w.bin', {
      maxBytes: 1e9,
      maxEntries: 100,
    });
    const deflated = await Promise.all(
      files.map(async ({ name, sizeBytes, open }) => ({
        name,
        content: Buffer.from(await (await open()).read(0, sizeBytes)),
        method: 8,
      })),
    );

    expect(await fittedIn(zipOf(deflated))).toEqual(await fittedIn(plain));
  });
});
