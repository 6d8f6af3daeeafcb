import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GgufEntry, headOf, LLAMA } from './gguf.ts';
import { safetensorsOf } from './hugging-face.ts';

// Files as large as real ones, which take no room on the disk: their heads are there, and their weights are zeros that nobody wrote.

const WIDTH = 4096;
const WORDS = 32_000;
const PARAMETERS = 6_738_415_616;
// Weights of ggml's type 2, Q4_0: 32 numbers in 18 bytes.
const Q4 = { type: 2, numbers: 32, bytes: 18 };

const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  hidden_size: WIDTH,
  intermediate_size: 11_008,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 32,
  vocab_size: WORDS,
  max_position_embeddings: 4096,
  dtype: 'bfloat16',
  transformers_version: '5.24.0',
};

const ENTRIES: Readonly<Record<string, GgufEntry>> = {
  ...LLAMA,
  'llama.context_length': ['u32', 4096],
  'llama.embedding_length': ['u32', WIDTH],
  'llama.block_count': ['u32', 32],
  'llama.feed_forward_length': ['u32', 11_008],
  'llama.attention.head_count': ['u32', 32],
  'llama.attention.head_count_kv': ['u32', 32],
  'tokenizer.ggml.tokens': ['texts', Array.from({ length: WORDS }, (_, at) => `token ${at}`)],
  'tokenizer.ggml.scores': ['numbers', Array.from({ length: WORDS }, (_, at) => -at)],
};

/** A Llama of 7 billion parameters, or as many as are said, in 4 bits, as llama.cpp quantizes it. */
export async function llamaInFourBits(folder: string, parameters = PARAMETERS): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'llama.Q4_0.gguf');
  const rows = Math.ceil(parameters / WIDTH);
  const bytes = ((rows * WIDTH) / Q4.numbers) * Q4.bytes;
  const tensor = { name: 'token_embd.weight', shape: [WIDTH, rows], type: Q4.type, bytes };
  const { head, alignment } = headOf({ entries: ENTRIES, tensors: [tensor] });
  await sparse(path, head, Math.ceil(head.length / alignment) * alignment - head.length + bytes);
  return path;
}

/** The same as transformers saves it, in 16 bits; or as many gigabytes of it as are said. */
export async function llamaInSixteenBits(folder: string, bytes = 2 * PARAMETERS): Promise<string> {
  const shape = [bytes / 2 / WIDTH, WIDTH];
  await huggingFace(folder, CONFIG, { dtype: 'BF16', shape, data_offsets: [0, bytes] });
  return folder;
}

/** An encoder of 100 MB that classifies texts. */
export async function encoderOfHundredMegabytes(folder: string): Promise<string> {
  const config = {
    architectures: ['BertForSequenceClassification'],
    model_type: 'bert',
    hidden_size: 384,
    intermediate_size: 1536,
    num_hidden_layers: 6,
    num_attention_heads: 12,
    vocab_size: 30_522,
    max_position_embeddings: 512,
    id2label: { 0: 'NO', 1: 'YES' },
    dtype: 'float32',
    transformers_version: '5.24.0',
  };
  const bytes = 100_000_000 - (100_000_000 % (384 * 4));
  const shape = [bytes / 4 / 384, 384];
  await huggingFace(folder, config, { dtype: 'F32', shape, data_offsets: [0, bytes] });
  return folder;
}

type Tensor = {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
};

async function huggingFace(folder: string, config: object, tensor: Tensor): Promise<void> {
  await mkdir(folder, { recursive: true });
  const vocab = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`w${at}`, at]));
  const files = {
    'config.json': config,
    'tokenizer.json': { version: '1.0', model: { type: 'WordPiece', unk_token: 'w0', vocab } },
    'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast' },
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  const [, bytes] = tensor.data_offsets;
  await sparse(join(folder, 'model.safetensors'), safetensorsOf({ weight: tensor }, 0), bytes);
}

async function sparse(path: string, head: Buffer, bytes: number): Promise<void> {
  await using file = await open(path, 'w');
  await file.write(head);
  await file.truncate(head.length + bytes);
}
