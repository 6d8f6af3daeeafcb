import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { memoryFile } from '../bytes/archive-files.ts';
import { identityModel } from './onnx.ts';

/** A folder's files by name; objects are written as JSON, and undefined leaves a file out. */
export type HuggingFaceFiles = Readonly<Record<string, string | Uint8Array | object | undefined>>;

export const BERT = {
  architectures: ['BertForSequenceClassification'],
  model_type: 'bert',
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 16,
  max_position_embeddings: 32,
  vocab_size: 10,
  id2label: { 0: 'NO', 1: 'YES' },
  dtype: 'float32',
  transformers_version: '4.57.1',
};

export const TOKENIZER = {
  version: '1.0',
  added_tokens: [],
  model: { type: 'WordPiece', unk_token: '[UNK]', vocab: { '[UNK]': 0, a: 1 } },
};

const FILES: HuggingFaceFiles = {
  'config.json': BERT,
  'tokenizer.json': TOKENIZER,
  'tokenizer_config.json': { tokenizer_class: 'BertTokenizer', mask_token: '[MASK]' },
  'model.onnx': identityModel({ datatype: 'FP32', shape: ['n'] }),
};

/** A folder as `optimum-cli export onnx` writes it, with other files in it. */
export function huggingFaceFiles(changed: HuggingFaceFiles = {}): readonly ArtifactFile[] {
  return Object.entries({ ...FILES, ...changed }).flatMap(([name, content]) =>
    content === undefined ? [] : [memoryFile(name, bytesOf(content))],
  );
}

function bytesOf(content: string | Uint8Array | object): string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array
    ? content
    : JSON.stringify(content);
}

/** A safetensors file with this header and as many bytes of data; `length` is the header's length as its first bytes declare it. */
export function safetensorsOf(header: unknown, dataBytes: number, length?: bigint): Buffer {
  const written = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(length ?? BigInt(written.length));
  return Buffer.concat([head, written, Buffer.alloc(dataBytes)]);
}
