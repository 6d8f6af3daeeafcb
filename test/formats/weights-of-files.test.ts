import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { weightDifferences } from '#domain/comparison/weight-differences.ts';
import { MOST_PRINTS } from '#formats/bytes/weight-print.ts';
import { inspectGguf } from '#formats/gguf/inspect.ts';
import { inspectHuggingFace } from '#formats/huggingface/inspect.ts';
import { inspectKeras } from '#formats/keras/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import { inspectSavedModel } from '#formats/savedmodel/inspect.ts';
import { variablePrints } from '#formats/tensorflow/prints.ts';
import { readVariables } from '#formats/tensorflow/variables.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { bytesSource } from '../support/bytes/sources.ts';
import { type GgufParts, ggufOf, LLAMA } from '../support/models/gguf.ts';
import { BERT, huggingFaceFiles } from '../support/models/hugging-face.ts';
import { artifactOf, bytesOf } from '../support/models/saved.ts';

type Tensors = Readonly<Record<string, readonly [type: string, bytes: Uint8Array]>>;

const LIGHTGBM = join(import.meta.dirname, '../fixtures/models/lightgbm');
const DAMAGED = /^some numbers in .* differ, and all others of the model are the same to the bit/;

const noise = (bytes: number, seed = 0) =>
  Uint8Array.from({ length: bytes }, (_, at) => Math.imul(at + 1 + seed * 7919, 2654435761) >>> 13);
const partly = (before: Uint8Array, part: number) =>
  Buffer.concat([
    noise(Math.floor(before.length * part), 9),
    before.subarray(Math.floor(before.length * part)),
  ]);
const signs = (before: unknown, after: unknown) =>
  weightDifferences(before as never, after as never).map(({ what }) => what);

/** A safetensors file of these tensors, in this order, as two matrices of the same numbers of bytes. */
function safetensors(tensors: Tensors, metadata?: object): Buffer {
  let end = 0;
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  for (const [name, [dtype, bytes]] of Object.entries(tensors)) {
    const size = { F32: 4, F16: 2, BF16: 2, I64: 8, U8: 1 }[dtype] ?? 1;
    header[name] = { dtype, shape: [bytes.length / size], data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const written = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(written.length));
  return Buffer.concat([length, written, ...Object.values(tensors).map(([, bytes]) => bytes)]);
}

const ENCODER: Tensors = {
  'bert.embeddings.word_embeddings.weight': ['F32', noise(8192, 1)],
  'bert.encoder.layer.0.attention.self.query.weight': ['F32', noise(4096, 2)],
  'bert.encoder.layer.0.output.dense.weight': ['F32', noise(4096, 3)],
  'bert.embeddings.position_ids': ['I64', noise(256, 4)],
  'classifier.weight': ['F32', noise(1024, 5)],
};

/** The prints of a folder with this file, or with these parts of it and their list. */
async function folder(...files: readonly Buffer[]) {
  const names = files.map((_, at) => `model-0000${at + 1}-of-0000${files.length}.safetensors`);
  const map = Object.fromEntries(
    files.flatMap((file, at) =>
      Object.keys(JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE()))))
        .filter((name) => name !== '__metadata__')
        .map((name) => [name, names[at]]),
    ),
  );
  const weights =
    files.length === 1
      ? { 'model.safetensors': files[0] }
      : {
          'model.safetensors.index.json': { weight_map: map },
          ...Object.fromEntries(files.map((file, at) => [names[at], file])),
        };
  const given = huggingFaceFiles({ 'model.onnx': undefined, 'config.json': BERT, ...weights });
  const { weights: prints } = await inspectHuggingFace(given, '.', {
    asked: {},
    path: null,
    inspectData: async () => {
      throw new Error('there is no ONNX');
    },
  });
  return prints;
}

describe('the weights in safetensors', () => {
  it('have a print for each tensor but those that count', async () => {
    const prints = await folder(safetensors(ENCODER));

    expect(prints?.map(({ name, isSparse = false }) => [name, isSparse])).toEqual([
      ['bert.embeddings.word_embeddings.weight', true],
      ['bert.encoder.layer.0.attention.self.query.weight', false],
      ['bert.encoder.layer.0.output.dense.weight', false],
      ['classifier.weight', false],
    ]);
  });

  it('have the same in another order, with other metadata, and in parts', async () => {
    const entries = Object.entries(ENCODER).reverse();
    const before = await folder(safetensors(ENCODER));

    const again = await folder(safetensors(Object.fromEntries(entries), { format: 'pt' }));
    const parts = await folder(
      safetensors(Object.fromEntries(entries.slice(0, 2))),
      safetensors(Object.fromEntries(entries.slice(2))),
    );

    expect([again, parts]).toEqual([before, before]);
  });

  it.each<[string, Tensors, RegExp | undefined]>([
    [
      'a tensor of which a third is other numbers',
      { 'bert.encoder.layer.0.output.dense.weight': ['F32', partly(noise(4096, 3), 0.33)] },
      DAMAGED,
    ],
    ['a head that was trained', { 'classifier.weight': ['F32', noise(1024, 6)] }, undefined],
    [
      'tokens that were trained',
      { 'bert.embeddings.word_embeddings.weight': ['F32', partly(noise(8192, 1), 0.1)] },
      undefined,
    ],
    [
      'tokens that were added',
      {
        'bert.embeddings.word_embeddings.weight': [
          'F32',
          Buffer.concat([noise(8192, 1), noise(64)]),
        ],
      },
      undefined,
    ],
    ['half as many bits', { 'classifier.weight': ['BF16', noise(512, 5)] }, undefined],
  ])('of %s', async (_, changed, sign) => {
    const found = signs(
      await folder(safetensors(ENCODER)),
      await folder(safetensors({ ...ENCODER, ...changed })),
    );

    expect(found).toEqual(sign ? [expect.stringMatching(sign)] : []);
  });
});

describe('the weights in a GGUF file', () => {
  const Q4_1 = 3;
  const tensors: GgufParts['tensors'] = [
    { name: 'token_embd.weight', shape: [64, 64], type: Q4_1, bytes: 2560 },
    { name: 'blk.0.attn_q.weight', shape: [64, 64], type: Q4_1, bytes: 2560 },
    { name: 'blk.1.attn_q.weight', shape: [64, 64], type: Q4_1, bytes: 2560 },
    { name: 'output_norm.weight', shape: [64], bytes: 256 },
  ];
  const file = (edit: (data: Buffer) => void = () => undefined, parts: GgufParts = {}) => {
    const bytes = ggufOf({ tensors, ...parts });
    const data = bytes.subarray(bytes.length - 3 * 2560 - 256);
    data.set(noise(data.length));
    edit(data);
    return bytes;
  };
  const prints = async (bytes: Buffer) =>
    (await inspectGguf(bytesSource(bytes), 'm.gguf', { files: [], asked: {} })).weights;

  it('have a print for each tensor, two for each piece in blocks', async () => {
    const found = await prints(file());

    expect(found?.map(({ name, pieces }) => [name, pieces.length])).toEqual([
      ['blk.0.attn_q.weight', 16],
      ['blk.1.attn_q.weight', 16],
      ['output_norm.weight', 16],
      ['token_embd.weight', 16],
    ]);
  });

  it('have the same where the file has another key', async () => {
    const more = { entries: { ...LLAMA, 'general.description': ['text', 'again'] } } as const;

    expect(await prints(file(undefined, more))).toEqual(await prints(file()));
  });

  it.each<[string, (data: Buffer) => void, boolean]>([
    ['a part of a tensor', (data) => data.set(noise(800, 5), 2560), true],
    [
      'the numbers of a tensor behind their scales',
      (data) => {
        for (let at = 2560; at < 5120; at += 20) data.set(noise(16, at), at + 4);
      },
      true,
    ],
    [
      'the scales of a tensor before their numbers, as where they alone are trained',
      (data) => {
        for (let at = 2560; at < 5120; at += 20) data.set(noise(4, at), at);
      },
      false,
    ],
    ['a whole tensor', (data) => data.set(noise(2560, 5), 2560), false],
    ['some rows of the tokens', (data) => data.set(noise(200, 5), 0), false],
  ])('of which %s differs', async (_, edit, isDamaged) => {
    const found = signs(await prints(file()), await prints(file(edit)));

    expect(found).toEqual(isDamaged ? [expect.stringMatching(DAMAGED)] : []);
  });
});

describe('the trees of LightGBM', () => {
  const prints = async (text: string) =>
    (await inspectLightgbm(bytesSource(Buffer.from(text)), 'model.txt')).weights;
  const model = (name: string) => readFile(join(LIGHTGBM, name), 'utf8');
  /** Each list of that name in every third tree, with its numbers in another order. */
  const shuffled = (text: string, key: string) => {
    let tree = 0;
    return text.replace(new RegExp(`(?<=^${key}=).*$`, 'gm'), (line) =>
      tree++ % 3 === 0 ? line.split(' ').reverse().join(' ') : line,
    );
  };

  it('are damaged where the leaves of every third one are mixed up', async () => {
    const text = await model('binary-4.6.txt');

    expect(signs(await prints(text), await prints(shuffled(text, 'leaf_value')))).toEqual([
      expect.stringMatching(DAMAGED),
    ]);
  });

  it('are the same where their statistics differ', async () => {
    const text = await model('binary-4.6.txt');

    expect(await prints(shuffled(text, 'leaf_count'))).toEqual(await prints(text));
  });

  it('are damaged in a forest where one tree differs, and the statistics of its training do not', async () => {
    const text = await model('forest-4.6.txt');
    const damaged = text.replace(/(?<=^leaf_value=)(\S+) (\S+)/m, '$2 $1');
    const trained = damaged.replace(/^(leaf_count=.*)\d$/m, '$19');

    expect(signs(await prints(text), await prints(damaged))).toEqual([
      expect.stringMatching(DAMAGED),
    ]);
    expect(signs(await prints(text), await prints(trained))).toEqual([]);
  });

  it('have no print in a forest without the statistics of its training', async () => {
    const text = await model('forest-4.6.txt');
    const sizes: number[] = [];
    const bare = text
      .replace(/^(split_gain|internal_\w+|leaf_(weight|count))=.*\n/gm, '')
      .replace(/^Tree=[\s\S]*?(?=^Tree=|^end of trees)/gm, (tree) => {
        sizes.push(tree.length);
        return tree;
      })
      .replace(/(?<=^tree_sizes=).*$/m, () => sizes.join(' '));

    expect(await prints(bare)).toBeUndefined();
  });
});

describe('the variables of Keras', () => {
  const KERAS = join(import.meta.dirname, '../fixtures/models/keras');
  const model = (name: string) => readFile(join(KERAS, name));
  const prints = async (bytes: Uint8Array, name = 'model.h5') =>
    (await inspectKeras(bytesSource(bytes), name)).weights;
  // As h5py says: `file['model_weights/kinds/kinds/kernel'].id.get_offset()`.
  const KERNEL = { at: 9432, bytes: 96 };

  it.each([
    [
      'dense-3.15.h5',
      [
        ['model_weights/dense/dense/bias', 32],
        ['model_weights/dense/dense/kernel', 128],
        ['model_weights/kinds/kinds/bias', 12],
        ['model_weights/kinds/kinds/kernel', 96],
      ],
    ],
    [
      'dense-2.21.keras',
      [
        ['layers/dense/vars/0', 128],
        ['layers/dense/vars/1', 32],
        ['layers/dense_1/vars/0', 96],
        ['layers/dense_1/vars/1', 12],
      ],
    ],
  ])('in %s are those that h5py lists', async (name, listed) => {
    const found = await prints(await model(name), name);

    expect(found?.map(({ name, bytes }) => [name, bytes])).toEqual(listed);
  });

  it('may be trained in single rows where they are of tokens', async () => {
    const found = await prints(await model('texts-3.15.h5'));

    expect(found?.flatMap(({ name, isSparse }) => (isSparse ? [name] : []))).toEqual([
      'model_weights/embedding/embedding/embeddings',
    ]);
  });

  it.each([
    ['a third of a matrix', 32, true],
    ['a whole matrix', KERNEL.bytes, false],
  ])('of which %s differs', async (_, bytes, isDamaged) => {
    const before = await model('dense-3.15.h5');
    const after = Buffer.from(before);
    after.set(noise(bytes, 3), KERNEL.at);

    expect(signs(await prints(before), await prints(after))).toEqual(
      isDamaged ? [expect.stringMatching(DAMAGED)] : [],
    );
  });

  it('have no print where their groups are in another form, which Keras may read', async () => {
    const bytes = await model('dense-3.15.h5');
    bytes.write('TREX', bytes.indexOf('TREE'), 'latin1');

    expect(await prints(bytes)).toBeUndefined();
  });

  it.each<[string, (file: Buffer) => void]>([
    ['a group whose names are elsewhere', (file) => file.write('HEAX', file.indexOf('HEAP'))],
    ['a leaf that is none', (file) => file.write('SNOX', file.indexOf('SNOD'))],
    ['names beyond the end', (file) => file.writeUInt32LE(0x7fff_ffff, file.indexOf('HEAP') + 24)],
    ['very long names', (file) => file.writeUInt32LE(0x7fff_ffff, file.indexOf('HEAP') + 8)],
    [
      'a tree within itself',
      (file) => file.writeUInt32LE(file.indexOf('TREE'), file.indexOf('TREE') + 32),
    ],
  ])('have no print with %s', async (_, damage) => {
    const bytes = await model('dense-3.15.h5');
    damage(bytes);

    expect(await prints(bytes)).toBeUndefined();
  });
});

describe('the variables of a SavedModel', () => {
  const SHARD = 'variables/variables.data-00000-of-00001';
  const prints = async (name: string, shard?: Uint8Array) => {
    const files = artifactOf('savedmodel', name).map((file) =>
      shard && file.name === SHARD ? memoryFile(SHARD, shard) : file,
    );
    return (await inspectSavedModel(files, '.')).weights;
  };

  const sparseIn = (found: Awaited<ReturnType<typeof prints>>) =>
    found?.flatMap(({ name, isSparse }) => (isSparse ? [name] : []));
  /** Writes another name of the same length over each of them. */
  const rename = (bytes: Buffer, from: string, to: string) => {
    for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from)) bytes.write(to, at);
  };

  it('have a print each, without the copies that Keras writes', async () => {
    const found = await prints('dense-2.21');

    expect(found?.map(({ name, bytes }) => [name, bytes])).toEqual([
      ['variables/0', 128],
      ['variables/1', 32],
      ['variables/2', 96],
      ['variables/3', 12],
    ]);
  });

  it.each([
    ['a third of a matrix', 32, true],
    ['a whole matrix', 96, false],
  ])('of which %s differs', async (_, bytes, isDamaged) => {
    const after = Buffer.from(bytesOf('savedmodel', `dense-2.21/${SHARD}`));
    // Behind a matrix of 4 by 8 and a bias of 8.
    after.set(noise(bytes, 3), 128 + 32);

    expect(signs(await prints('dense-2.21'), await prints('dense-2.21', after))).toEqual(
      isDamaged ? [expect.stringMatching(DAMAGED)] : [],
    );
  });

  it.each([
    ['lie one behind another', 2 ** 22, 256],
    ['all lie in the same place', 0, 19_000],
  ])('are read up to a limit where %s', async (_, apart, count) => {
    const asked: number[] = [];
    const read = async (_: number, length: number) => {
      asked.push(length);
      return Buffer.alloc(length, 1);
    };
    const file = {
      ...{ name: SHARD, sizeBytes: 2 ** 30 },
      open: async () => ({ sizeBytes: 2 ** 30, read }),
    };
    const type = { name: 'FP32', bits: 32 };
    const variables = Array.from({ length: count }, (_, at) => ({
      ...{ name: `v${at}`, type, shape: [1024, 1024], file },
      ...{ start: at * apart, bytes: 2 ** 22 },
    }));

    const found = await variablePrints({ tensors: variables }, new Set());

    expect(found?.length).toBeLessThanOrEqual(64);
    expect(asked.length).toBeLessThanOrEqual(2048);
    expect(asked.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(40 * 2 ** 20);
  });

  it('of more variables than are printed opens no file', async () => {
    let opens = 0;
    const type = { name: 'FP32', bits: 32 };
    const variables = Array.from({ length: MOST_PRINTS + 1 }, (_, at) => ({
      ...{ name: `v${at}`, type, shape: [1], start: 0, bytes: 4 },
      file: {
        ...{ name: `part-${at}`, sizeBytes: 4 },
        async open() {
          opens += 1;
          return bytesSource(new Uint8Array(4));
        },
      },
    }));

    expect(await variablePrints({ tensors: variables }, new Set())).toBeUndefined();
    expect(opens).toBe(0);
    expect(await variablePrints({ tensors: variables.slice(0, 2) }, new Set())).toHaveLength(2);
    expect(opens).toBe(2);
  });

  it.each([
    ['pictures-2.21', []],
    ['texts-2.21', ['variables/0']],
  ])(
    'in %s may be trained in single rows where the graph takes rows of tables, and no layer multiplies by them',
    async (name, sparse) => {
      expect(sparseIn(await prints(name))).toEqual(sparse);
    },
  );

  it('may not be trained in single rows because of the name of a layer that multiplies by them', async () => {
    const shard = Buffer.from(bytesOf('savedmodel', `texts-2.21/${SHARD}`));
    rename(shard, 'kinded/kernel', 'embeds/kernel');

    expect(sparseIn(await prints('texts-2.21', shard))).toEqual(['variables/0']);
  });

  it.each([
    ['no graph takes rows of a table', 'Conv2D', 0, 1],
    ['the archive takes long to pass', 'GatherV2', 2 ** 27, undefined],
  ])('have no names read where %s', async (_, operator, streamedBytes, count) => {
    const source = { ...bytesSource(new Uint8Array(4)), streamedBytes };
    const file = { ...memoryFile(SHARD, new Uint8Array(4)), open: async () => source };
    const list = {
      file: { ...file, open: () => Promise.reject(new Error('the list was opened')) },
      ...{ start: 0, bytes: 4 },
    };
    const type = { name: 'FP32', bits: 32 };
    const tensors = [{ name: 'variables/0', type, shape: [1, 1], file, start: 0, bytes: 4 }];

    const found = await variablePrints({ tensors, list }, new Set([operator]));

    expect(found?.length).toBe(count);
  });

  it.each<[string, (shard: Buffer) => void]>([
    ['has other names for them', (shard) => rename(shard, '/kernel', '/matrix')],
    ['does not name them', (shard) => shard.fill(0xff, shard.indexOf('VARIABLE_VALUE') - 40)],
  ])('may all be trained in single rows beside an embedding, if the file %s', async (_, edit) => {
    const shard = Buffer.from(bytesOf('savedmodel', `texts-2.21/${SHARD}`));
    rename(shard, 'recurrent_kernel', 'recurrent_matrix');
    edit(shard);

    const found = sparseIn(await prints('texts-2.21', shard));

    expect(found).toEqual([0, 1, 2, 5, 7].map((at) => `variables/${at}`));
  });

  it.each([
    ['a third of a dense layer', 'variables/5', 0.34, true],
    ['a whole dense layer', 'variables/5', 1, false],
    ['a third of the recurrent weights', 'variables/2', 0.34, true],
    ['a third of the embedding', 'variables/0', 0.34, false],
  ])('beside an embedding, of which %s differs', async (_, key, part, isDamaged) => {
    const variables = await readVariables(artifactOf('savedmodel', 'texts-2.21'), '.');
    const { start, bytes } = variables!.tensors.find(({ name }) => name.startsWith(`${key}/`))!;
    const after = Buffer.from(bytesOf('savedmodel', `texts-2.21/${SHARD}`));
    after.set(noise(Math.floor((bytes * part) / 4) * 4, 3), start);

    expect(signs(await prints('texts-2.21'), await prints('texts-2.21', after))).toEqual(
      isDamaged ? [expect.stringMatching(DAMAGED)] : [],
    );
  });
});
