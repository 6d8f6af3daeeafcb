import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { memoryFile } from '../support/bytes/archive-files.ts';
import { type GgufEntry, ggufOf, LLAMA, u32, u64 } from '../support/models/gguf.ts';
import {
  type HuggingFaceFiles,
  huggingFaceFiles,
  safetensorsOf,
} from '../support/models/hugging-face.ts';

const BPE = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [{ id: 3, content: '<|end|>', special: true, lstrip: false }],
  normalizer: { type: 'NFC' },
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    vocab: { Ġ: 0, a: 1, Ġa: 2 },
    merges: ['Ġ a'],
  },
};
const GENERATES = {
  'config.json': {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    intermediate_size: 16,
    max_position_embeddings: 32,
    vocab_size: 4,
    bos_token_id: 0,
    eos_token_id: 3,
  },
  'tokenizer.json': BPE,
  'tokenizer_config.json': { eos_token: '<|end|>', chat_template: '{{ messages }}' },
};

describe('how a folder of Hugging Face prepares texts', () => {
  it('is known by the tokens, the template and the settings that it has', async () => {
    const { text } = await folder({
      'generation_config.json': { temperature: 0.6, eos_token_id: [3, 2], pad_token_id: 1 },
    });

    expect(text).toEqual({
      from: 'tokenizer.json',
      vocabulary: expect.stringMatching(/^[0-9a-f]{32}$/),
      splitting: expect.stringMatching(/^[0-9a-f]{32}$/),
      tokens: { eos_token: '"<|end|>"' },
      chatTemplate: expect.stringMatching(/^[0-9a-f]{32}$/),
      generation: { bos_token_id: '0', eos_token_id: '[3,2]', temperature: '0.6' },
    });
  });

  it.each<[string, HuggingFaceFiles]>([
    ['its keys are in another order', { 'tokenizer.json': reversed(BPE) }],
    ['it is written with white space', { 'tokenizer.json': JSON.stringify(BPE, null, 2) }],
    [
      'its letters are written by their numbers',
      { 'tokenizer.json': JSON.stringify(BPE).replaceAll('Ġ', String.raw`\u0120`) },
    ],
    [
      'its pairs are lists, as newer libraries write them',
      { 'tokenizer.json': { ...BPE, model: { ...BPE.model, merges: [['Ġ', 'a']] } } },
    ],
    [
      'it has a key more that is not set',
      { 'tokenizer.json': { ...BPE, model: { ...BPE.model, ignore_merges: false } } },
    ],
    [
      'it was last used to fill texts up',
      { 'tokenizer.json': { ...BPE, padding: { strategy: 'BatchLongest' }, truncation: {} } },
    ],
    [
      'its template is in a file, and its token an object',
      {
        'tokenizer_config.json': { eos_token: { content: '<|end|>', special: true } },
        'chat_template.jinja': '{{ messages }}\n',
      },
    ],
    [
      'its settings are in a file that its framework has added',
      {
        'generation_config.json': {
          _from_model_config: true,
          bos_token_id: 0,
          eos_token_id: 3,
          transformers_version: '5.24.0',
        },
      },
    ],
  ])('stays the same where %s', async (_, changed) => {
    expect((await folder(changed)).text).toEqual((await folder()).text);
  });

  it.each<[string, HuggingFaceFiles, string]>([
    [
      'two tokens change places',
      { 'tokenizer.json': withVocab({ Ġ: 1, a: 0, Ġa: 2 }) },
      'vocabulary',
    ],
    [
      'a special token has another number',
      { 'tokenizer.json': { ...BPE, added_tokens: [{ ...BPE.added_tokens[0], id: 4 }] } },
      'vocabulary',
    ],
    [
      'spaces are prepared otherwise',
      { 'tokenizer.json': { ...BPE, pre_tokenizer: { type: 'Whitespace' } } },
      'splitting',
    ],
    [
      'there is a second template',
      { 'additional_chat_templates/tool_use.jinja': '{{ tools }}' },
      'chatTemplate',
    ],
    ['it generates hotter', { 'generation_config.json': { temperature: 2 } }, 'generation'],
  ])('differs where %s', async (_, changed, part) => {
    const [before, after] = [(await folder()).text, (await folder(changed)).text];

    expect(Reflect.get(Object(after), part)).not.toEqual(Reflect.get(Object(before), part));
  });

  it('is known by its list of tokens where it has no tokenizer.json', async () => {
    const list = (name: string, vocab: unknown) =>
      folder({
        'tokenizer.json': undefined,
        'merges.txt': '#version: 0.2\na b',
        [name]: vocab as object,
      });
    const sorted = await list('vocab.json', { a: 0, b: 1 });

    expect(sorted.text).toMatchObject({
      from: 'vocab.json',
      vocabulary: expect.any(String),
      splitting: expect.any(String),
    });
    expect((await list('vocab.json', { b: 1, a: 0 })).text).toEqual(sorted.text);
    expect((await list('vocab.json', { b: 0, a: 1 })).text).not.toEqual(sorted.text);
    expect((await list('vocab.json', [])).text).toMatchObject({ vocabulary: null });
    expect((await list('vocab.txt', 'a\nb')).text).toMatchObject({ from: 'vocab.txt' });
  });

  it('is not known of a list of tokens that is longer than any', async () => {
    const vocab = `a${' '.repeat(8 * 2 ** 20)}`;
    const { text } = await folder({ 'tokenizer.json': undefined, 'vocab.txt': vocab });

    expect(text).toMatchObject({ from: 'vocab.txt', vocabulary: null });
  });

  it('has a bounded number of settings, of bounded length', async () => {
    const many = Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`setting${at}`, at]));
    const { text } = await folder({
      'generation_config.json': { list: Array(200).fill(1), ['x'.repeat(200)]: 1, ...many },
    });

    expect(Object.keys(text?.generation ?? {})).toHaveLength(50);
    expect(text?.generation['list']).toMatch(/^sha256 [0-9a-f]{32}$/);
  });
});

describe('how a GGUF file prepares texts', () => {
  const SETTINGS: Readonly<Record<string, GgufEntry>> = {
    ...LLAMA,
    'tokenizer.ggml.pre': ['text', 'smollm'],
    'tokenizer.ggml.merges': ['texts', ['a b']],
    'tokenizer.ggml.eos_token_id': ['u32', 2],
    'tokenizer.ggml.padding_token_id': ['u32', 2],
    'general.sampling.temp': ['f32', 0.5],
  };

  it('is known by the tokens, the template and the settings that it has, whatever their order', async () => {
    const inOrder = await gguf(SETTINGS);

    expect(inOrder).toEqual({
      from: 'gguf',
      vocabulary: expect.stringMatching(/^[0-9a-f]{32}$/),
      splitting: expect.stringMatching(/^[0-9a-f]{32}$/),
      tokens: { model: '"gpt2"', pre: '"smollm"', eos_token_id: '2' },
      chatTemplate: expect.stringMatching(/^[0-9a-f]{32}$/),
      generation: { temp: '0.5' },
    });
    expect(await gguf(Object.fromEntries(Object.entries(SETTINGS).reverse()))).toEqual(inOrder);
  });

  it.each<[string, Readonly<Record<string, GgufEntry>>, string]>([
    [
      'two tokens change places',
      { 'tokenizer.ggml.tokens': ['texts', ['b', 'a', 'é', '']] },
      'vocabulary',
    ],
    ['its pairs differ', { 'tokenizer.ggml.merges': ['texts', ['b a']] }, 'splitting'],
    ['its scores differ', { 'tokenizer.ggml.scores': ['numbers', [1, 1, 2, 3]] }, 'splitting'],
    [
      'its many scores differ',
      { 'tokenizer.ggml.scores': ['numbers', Array<number>(2000).fill(1)] },
      'splitting',
    ],
    ['its template differs', { 'tokenizer.chat_template': ['text', '{{}}'] }, 'chatTemplate'],
    [
      'its long template differs',
      { 'tokenizer.chat_template': ['text', '{{}}'.repeat(1000)] },
      'chatTemplate',
    ],
    ['it ends elsewhere', { 'tokenizer.ggml.eos_token_id': ['u32', 3] }, 'tokens'],
  ])('differs where %s', async (_, changed, part) => {
    const [before, after] = [await gguf(SETTINGS), await gguf({ ...SETTINGS, ...changed })];
    const differing = Object.entries(Object(after))
      .filter(
        ([name, value]) =>
          JSON.stringify(value) !== JSON.stringify(Reflect.get(Object(before), name)),
      )
      .map(([name]) => name);

    expect(differing).toEqual([part]);
  });

  it.each([
    ['a token of texts', [1, 1, 1, 1], true],
    ['one of its own', [1, 1, 3, 1], undefined],
    ['a token that the file does not have', [1], undefined],
  ] as const)('ends answers at %s', async (_, types, endsByText) => {
    const entries = { ...SETTINGS, 'tokenizer.ggml.token_type': ['integers', types] } as const;
    const file = memoryFile('m.gguf', ggufOf({ entries }));
    const { language } = await inspectFiles([file], {
      maxBytes: 1e9,
      manifest: manifestSchema.parse({}),
    });

    expect(language?.endsByText).toBe(endsByText);
  });

  it('has no template where the file has none, and no digest of a part that is too large', async () => {
    const { 'tokenizer.chat_template': _, ...without } = SETTINGS;
    const length = 2 ** 22 + 1;
    const large = Buffer.concat([u32(9), u32(6), u64(BigInt(length)), Buffer.alloc(4 * length)]);

    expect(await gguf(without)).toMatchObject({ chatTemplate: null });
    expect(await gguf({ ...SETTINGS, 'tokenizer.ggml.scores': ['raw', large] })).toMatchObject({
      splitting: null,
    });
  });
});

function withVocab(vocab: object) {
  return { ...BPE, model: { ...BPE.model, vocab } };
}

/** The same object with its keys the other way around, at every depth. */
function reversed(value: object): object {
  const entries = Object.entries(value).reverse();
  return Object.fromEntries(
    entries.map(([key, each]) => [
      key,
      each && typeof each === 'object' && !Array.isArray(each) ? reversed(each) : each,
    ]),
  );
}

async function folder(changed: HuggingFaceFiles = {}): Promise<ArtifactFacts> {
  const header = { w: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } };
  const files = huggingFaceFiles({
    ...GENERATES,
    'model.onnx': undefined,
    'model.safetensors': safetensorsOf(header, 8),
    ...changed,
  });
  return inspectFiles(files, { maxBytes: 1e9, manifest: manifestSchema.parse({}) });
}

async function gguf(entries: Readonly<Record<string, GgufEntry>>) {
  const file = memoryFile('m.gguf', ggufOf({ entries }));
  const facts = await inspectFiles([file], { maxBytes: 1e9, manifest: manifestSchema.parse({}) });
  return facts.text;
}
