import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectGguf } from '#formats/gguf/inspect.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { bytesSource, fileSource } from '../support/bytes/sources.ts';
import {
  type GgufEntry,
  type GgufParts,
  ggufOf,
  headOf,
  LLAMA,
  TENSORS,
  u32,
  u64,
} from '../support/models/gguf.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe('a GGUF file says of itself', () => {
  it('its network, its tokenizer, and what its weights are', async () => {
    expect(await inspected()).toMatchObject({
      format: 'gguf',
      formatVersion: 'v3, Q4_1',
      requirements: [expect.stringMatching(/^xllamacpp==/)],
      parameters: 64 * 4 + 64,
      weightBytes: 160 + 256,
      dtypes: ['FP32', 'Q4_1'],
      architecture: 'llama',
      name: 'Tiny',
      quantization: 'Q4_1',
      tensors: 2,
      contextLength: 8192,
      embeddingLength: 64,
      blocks: 2,
      heads: 4,
      keyValueHeads: 2,
      vocabulary: 4,
      tokenizer: 'gpt2',
      hasChatTemplate: true,
    });
  });

  it('that it goes on with texts, within a context that is no longer than most requests need', async () => {
    const { language, signature } = await inspected();

    expect(signature).toEqual({
      inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
      outputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
    });
    expect(language).toEqual({
      task: 'generate',
      contextTokens: 4096,
      requestsAtOnce: 1,
      hasChatTemplate: true,
    });
  });

  it.each([
    [{ contextTokens: 512 }, 512],
    [{ contextTokens: 1_000_000 }, 8192],
  ])('that with %j asked for its context is %d tokens', async (asked, contextTokens) => {
    expect((await inspected({}, asked)).language).toMatchObject({ contextTokens });
  });

  it('that it embeds, where it is an encoder or pools its tokens', async () => {
    const bert = renamed('bert');
    const pooled = { ...LLAMA, 'llama.pooling_type': ['u32', 3] } as const;

    for (const entries of [bert, pooled]) {
      expect(await inspected({ entries })).toMatchObject({
        language: { task: 'embed' },
        signature: { outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, 64] }] },
      });
    }
  });

  it('no template for conversations where it has none, and a long one by its length alone', async () => {
    const { 'tokenizer.chat_template': _, ...without } = LLAMA;
    const long = { ...LLAMA, 'tokenizer.chat_template': ['text', '{{}}'.repeat(1000)] } as const;

    expect(await inspected({ entries: without })).toMatchObject({ hasChatTemplate: false });
    expect(await inspected({ entries: long })).toMatchObject({ hasChatTemplate: true });
  });

  it.each([
    ['no file type is named', undefined, 'Q4_1'],
    ['one that nobody knows is', ['u32', 999], 'Q4_1'],
    ['it is of many', ['u32', 15], 'Q4_K_M'],
  ] as const)('what its weights are, where %s', async (_, type, quantization) => {
    const { 'general.file_type': __, ...without } = LLAMA;
    const entries = type ? { ...without, 'general.file_type': type } : without;

    expect(await inspected({ entries })).toMatchObject({ quantization });
  });

  it('values of every type, and lists of them', async () => {
    const more: GgufParts['more'] = [
      ['a', ['u8', 1]],
      ['b', ['u16', 1]],
      ['c', ['i32', -1]],
      ['d', ['u64', 1]],
      ['e', ['f32', 0.5]],
      ['f', ['bool', true]],
      ['g', ['raw', Buffer.concat([u32(12), Buffer.alloc(8)])]],
      ['h', ['raw', Buffer.concat([u32(11), Buffer.alloc(8)])]],
      ['i', ['raw', Buffer.concat([u32(9), u32(4), u64(2000n), Buffer.alloc(8000)])]],
      ['j', ['raw', Buffer.concat([u32(1), Buffer.alloc(1)])]],
      ['k', ['raw', Buffer.concat([u32(3), Buffer.alloc(2)])]],
    ];

    expect(await inspected({ more, version: 2 })).toMatchObject({ formatVersion: 'v2, Q4_1' });
  });
});

describe('the memory that a GGUF model is expected to take', () => {
  it('is its weights, the cache of its context, what a batch is computed in, and the server', async () => {
    const { memory } = await inspected();

    expect(memory.map(({ name }) => name)).toEqual([
      'the server and llama.cpp',
      'the weights',
      'the cache of 4,096 tokens',
      'the compute buffers',
    ]);
    // Two blocks, two heads of keys and values, 16 numbers of each, of two bytes.
    expect(memory[2]).toMatchObject({ bytes: 4096 * 2 * 2 * (16 + 16) * 2 });
  });

  it('has a cache for each request that is answered at once, of the lengths that are said', async () => {
    const entries = {
      ...LLAMA,
      'llama.attention.key_length': ['u32', 8],
      'llama.attention.value_length': ['u32', 4],
      'llama.attention.head_count_kv': [
        'raw',
        Buffer.concat([u32(9), u32(4), u64(2n), u32(1), u32(3)]),
      ],
    } as const;
    const { memory } = await inspected({ entries }, { contextTokens: 128, requestsAtOnce: 3 });

    expect(memory[2]).toEqual({ name: 'the cache of 384 tokens', bytes: 384 * 4 * (8 + 4) * 2 });
  });

  it('has none for an encoder', async () => {
    expect((await inspected({ entries: renamed('nomic-bert') })).memory[2]).toMatchObject({
      bytes: 0,
    });
  });
});

describe('a GGUF file in parts', () => {
  it('is one model, known by its first part', async () => {
    const facts = await artifact(parts({}));

    expect(facts).toMatchObject({
      modelFile: 'm-00001-of-00002.gguf',
      parameters: 2 * (64 * 4 + 64),
      tensors: 4,
    });
  });

  it.each([
    ['the other part is not there', { 'm-00002-of-00002.gguf': undefined }, 'is not beside'],
    [
      'the first part is not there',
      { 'm-00001-of-00002.gguf': undefined },
      'is not the first part',
    ],
    ['its parts are in another order', { 'm-00002-of-00002.gguf': part(0) }, 'is another part'],
    [
      'a part says that it is of more',
      { 'm-00002-of-00002.gguf': part(1, 4, { of: 3 }) },
      'is another part',
    ],
    [
      'two parts have the same tensor',
      { 'm-00002-of-00002.gguf': part(1, 4, { names: 0 }) },
      'have the tensor `token_embd.weight.0` twice',
    ],
    [
      'its parts have too few tensors',
      { 'm-00001-of-00002.gguf': part(0, 5) },
      'announces 5 tensors',
    ],
  ])('is refused where %s', async (_, changed, message) => {
    await expect(artifact(parts(changed))).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringContaining('all parts together'),
    });
  });

  it('is refused where its name does not say that it is one', async () => {
    await expect(artifact({ 'm.gguf': part(0) })).rejects.toMatchObject({
      message: expect.stringContaining('which its name does not say'),
    });
  });
});

describe('a GGUF file is refused', () => {
  it.each<[string, GgufParts, string]>([
    ['that is none', { magic: 'GGML' }, 'does not begin with GGUF'],
    ['of a version before 2', { version: 1 }, 'GGUF version 1'],
    ['of a later version', { version: 4 }, 'GGUF version 4'],
    ['for big-endian machines', { version: 0x03000000 }, 'big-endian'],
    [
      'that announces more tensors than fit',
      { counts: { tensors: 5000n } },
      'announces 5000 tensors',
    ],
    ['that announces more keys than fit', { counts: { keys: 2n ** 63n } }, 'keys in'],
    [
      'with a key that is too long',
      { more: [['k'.repeat(2000), ['u32', 1]]] },
      'the limit is 1024',
    ],
    ['with a key twice', { more: [['general.name', ['text', 'x']]] }, 'there twice'],
    [
      'with a key that is no UTF-8',
      { more: [['bad', raw(u32(4), u32(1), u64(1n), Buffer.from([0xff]))]], counts: { keys: 15n } },
      'is not UTF-8',
    ],
    ['with a value of no type', { more: [['k', raw(u32(99))]] }, 'has the type 99'],
    ['with a list of no type', { more: [['k', raw(u32(9), u32(99), u64(1n))]] }, 'has the type 99'],
    ['with a list of lists', { more: [['k', raw(u32(9), u32(9), u64(1n))]] }, 'a list of lists'],
    [
      'with a text that is longer than the file',
      { more: [['k', raw(u32(8), u64(2n ** 62n))]] },
      'takes 4611686018427388000 bytes',
    ],
    [
      'with a list that is longer than the file',
      { more: [['k', raw(u32(9), u32(12), u64(2n ** 40n))]] },
      'bytes from byte',
    ],
    [
      'with more texts than any tokenizer',
      { more: [['k', raw(u32(9), u32(8), u64(2n ** 40n))]] },
      'the limit is 4000000',
    ],
    [
      'with a text in a list that is longer than the file',
      { more: [['k', raw(u32(9), u32(8), u64(1n), u64(2n ** 50n))]] },
      'bytes from byte',
    ],
    [
      'with an alignment of not a power of 2',
      { more: [['general.alignment', ['u32', 24]]] },
      'not a power of 2',
    ],
    ['with an alignment of 0', { more: [['general.alignment', ['u32', 0]]] }, 'not a power of 2'],
    [
      'with an alignment larger than itself',
      { more: [['general.alignment', ['u32', 2 ** 30]]] },
      'not at 1073741824',
    ],
    [
      'with a tensor that begins after its end',
      { tensors: [{ name: 't', shape: [1], offset: 2 ** 16 }] },
      'begins at byte 65536 of the data, not at 0',
    ],
    [
      'with an alignment that is a text',
      { more: [['general.alignment', ['text', '32']]] },
      'not a power of 2',
    ],
    [
      'with a tensor of five dimensions',
      { tensors: [{ name: 't', shape: [1, 1, 1, 1, 1] }] },
      'has 5 dimensions',
    ],
    [
      'with a tensor of no type',
      { tensors: [{ name: 't', shape: [32], type: 4 }] },
      'has the type 4',
    ],
    [
      'with rows that are no whole blocks',
      { tensors: [{ name: 't', shape: [33], type: 2 }] },
      'in blocks of 32',
    ],
    [
      'with more elements than can be counted',
      { tensors: [{ name: 't', shape: [2 ** 40, 2 ** 40] }] },
      'elements',
    ],
    ['with a tensor twice', { tensors: [TENSORS[1]!, TENSORS[1]!] }, 'there twice'],
    [
      'with a tensor elsewhere than behind the one before',
      { tensors: [{ ...TENSORS[0]!, offset: 32 }] },
      'not at 0',
    ],
    [
      'with tensors that overlap',
      { tensors: [TENSORS[0]!, { ...TENSORS[1]!, offset: 128 }] },
      'not at 160',
    ],
    [
      'with a name that is too long',
      { tensors: [{ name: 't'.repeat(64), shape: [1] }] },
      'the limit is 63',
    ],
    ['whose weights are cut short', { cut: 1 }, 'is truncated'],
    ['without weights', { tensors: [] }, 'a vocabulary alone'],
  ])('%s', async (_, given, message) => {
    await expect(inspected(given)).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
      fix: expect.stringMatching(/\.$/),
    });
  });

  it.each<[string, Readonly<Record<string, GgufEntry>>, string]>([
    [
      'without an architecture',
      { 'general.architecture': ['u32', 1] },
      'names no general.architecture',
    ],
    [
      'that is a projector',
      { 'general.architecture': ['text', 'clip'] },
      'the projector that goes with a model',
    ],
    [
      'that is an adapter',
      { 'general.type': ['text', 'adapter'] },
      '`adapter` that goes with a model',
    ],
    ['that is a reranker', { 'llama.pooling_type': ['u32', 4] }, 'is a reranker'],
    ['without blocks', { 'llama.block_count': ['u32', 0] }, 'it is not a language model'],
    [
      'with more blocks than any',
      { 'llama.block_count': ['u32', 20_000] },
      'it is not a language model',
    ],
    ['with a size that is none', { 'llama.context_length': ['f32', 0.5] }, 'is not a size'],
  ])('%s', async (_, changed, message) => {
    await expect(inspected({ entries: { ...LLAMA, ...changed } })).rejects.toMatchObject({
      name: 'ArtifactRejected',
      message: expect.stringContaining(message),
    });
  });
});

it('a file of 20 GB is understood by samples of its weights', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'large.gguf');
  const rows = 5 * GIB;
  const tokens = Array.from({ length: 200_000 }, (_, at) => `token ${at}`);
  const { head } = headOf({
    entries: { ...LLAMA, 'tokenizer.ggml.tokens': ['texts', tokens] },
    tensors: [{ name: 'w', shape: [rows] }],
  });
  const file = await open(path, 'w');
  await file.write(head);
  await file.truncate(head.length + 64 + 4 * rows);
  await file.close();

  const source = await fileSource(path);
  const facts = await inspectGguf(source, 'large.gguf', { files: [], asked: {} });

  expect(facts).toMatchObject({ weightBytes: 20 * GIB, vocabulary: 200_000 });
  expect(source.readBytes).toBeLessThan(40 * MIB);
  expect(source.reads).toBeLessThan(100);
});

function inspected(given: GgufParts = {}, asked = {}) {
  return inspectGguf(bytesSource(ggufOf(given)), 'm.gguf', { files: [], asked });
}

function artifact(files: Readonly<Record<string, Buffer | undefined>>) {
  const there = Object.entries(files).flatMap(([name, bytes]) =>
    bytes ? [memoryFile(name, bytes)] : [],
  );
  return inspectFiles(there, { maxBytes: MIB, manifest: manifestSchema.parse({}) });
}

function part(no: number, tensors = 4, { of = 2, names = no } = {}): Buffer {
  const entries = {
    ...(no === 0 ? LLAMA : {}),
    'split.no': ['u16', no],
    'split.count': ['u16', of],
    'split.tensors.count': ['i32', tensors],
  } as const;
  const own = TENSORS.map((each) => ({ ...each, name: `${each.name}.${names}` }));
  return ggufOf({ entries, tensors: own });
}

function parts(changed: Readonly<Record<string, Buffer | undefined>>) {
  return { 'm-00001-of-00002.gguf': part(0), 'm-00002-of-00002.gguf': part(1), ...changed };
}

function renamed(architecture: string): Readonly<Record<string, GgufEntry>> {
  const entries = Object.entries(LLAMA).map(([key, value]) => [
    key.replace(/^llama\./, `${architecture}.`),
    value,
  ]);
  return { ...Object.fromEntries(entries), 'general.architecture': ['text', architecture] };
}

function raw(...bytes: readonly Buffer[]): GgufEntry {
  return ['raw', Buffer.concat(bytes)];
}
