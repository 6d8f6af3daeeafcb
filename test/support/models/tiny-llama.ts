import { type GgufEntry, type GgufTensor, headOf } from './gguf.ts';

/** The options that a test sets; all else is small and always the same. */
export type TinyLlama = {
  readonly seed?: number;
  readonly contextTokens?: number;
  readonly chatTemplate?: string;
  /** How many files it is split over, as llama.cpp's `gguf-split` does; by default one. */
  readonly files?: number;
};

const WIDTH = 64;
const FORWARD = 128;
const BLOCKS = 2;
const HEADS = 4;
const CONTEXT = 8192;
const CHAT =
  "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}";

// The tokens of SentencePiece: three control tokens, one for each byte, and letters.
const CONTROLS = ['<unk>', '<s>', '</s>'];
const BYTES = Array.from({ length: 256 }, (_, byte) => `<0x${hex(byte)}>`);
const LETTERS = ['▁', ...Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at))];
const TOKENS = [...CONTROLS, ...BYTES, ...LETTERS];
const [UNKNOWN, CONTROL, NORMAL, BYTE] = [2, 3, 1, 6];

/** A language model that llama.cpp loads, of random weights: it answers nonsense, the same for the same seed. */
export function tinyLlama(given: TinyLlama = {}): Buffer {
  return tinyLlamaFiles({ ...given, files: 1 })[0] ?? Buffer.alloc(0);
}

/** The same, in as many files as are asked for. */
export function tinyLlamaFiles(given: TinyLlama = {}): readonly Buffer[] {
  const { files = 1, seed = 1 } = given;
  const random = gaussian(seed);
  const weights = TENSORS.map(({ name, shape, scale }) => {
    const count = shape.reduce((product, length) => product * length, 1);
    return { name, shape, bytes: filled(name, count, scale, random) };
  });
  const each = Math.ceil(weights.length / files);
  return Array.from({ length: files }, (_, at) => {
    const own = weights.slice(at * each, (at + 1) * each);
    const split: Record<string, GgufEntry> =
      files === 1
        ? {}
        : {
            'split.no': ['u16', at],
            'split.count': ['u16', files],
            'split.tensors.count': ['i32', weights.length],
          };
    return fileOf({ ...(at === 0 ? metadata(given) : {}), ...split }, own);
  });
}

type Weights = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
};

function fileOf(entries: Readonly<Record<string, GgufEntry>>, weights: readonly Weights[]): Buffer {
  const tensors: GgufTensor[] = weights.map(({ name, shape, bytes }) => ({
    name,
    shape,
    bytes: bytes.length,
  }));
  const { head, alignment } = headOf({ entries, tensors });
  const parts = [head, ...weights.map(({ bytes }) => bytes)];
  return Buffer.concat(
    parts.flatMap((bytes) => [bytes, Buffer.alloc(-bytes.length & (alignment - 1))]),
  );
}

function metadata({
  contextTokens = CONTEXT,
  chatTemplate = CHAT,
}: TinyLlama): Record<string, GgufEntry> {
  return {
    'general.architecture': ['text', 'llama'],
    'general.name': ['text', 'Tiny'],
    'general.file_type': ['u32', 0],
    'llama.context_length': ['u32', contextTokens],
    'llama.embedding_length': ['u32', WIDTH],
    'llama.block_count': ['u32', BLOCKS],
    'llama.feed_forward_length': ['u32', FORWARD],
    'llama.attention.head_count': ['u32', HEADS],
    'llama.attention.head_count_kv': ['u32', HEADS],
    'llama.attention.layer_norm_rms_epsilon': ['f32', 1e-5],
    'llama.rope.dimension_count': ['u32', WIDTH / HEADS],
    'tokenizer.ggml.model': ['text', 'llama'],
    'tokenizer.ggml.tokens': ['texts', TOKENS],
    'tokenizer.ggml.scores': ['numbers', TOKENS.map(() => 0)],
    'tokenizer.ggml.token_type': ['integers', TOKENS.map(typeOf)],
    'tokenizer.ggml.bos_token_id': ['u32', 1],
    'tokenizer.ggml.eos_token_id': ['u32', 2],
    'tokenizer.ggml.unknown_token_id': ['u32', 0],
    'tokenizer.chat_template': ['text', chatTemplate],
  };
}

function typeOf(_token: string, at: number): number {
  if (at === 0) return UNKNOWN;
  if (at < CONTROLS.length) return CONTROL;
  return at < CONTROLS.length + BYTES.length ? BYTE : NORMAL;
}

const SCALE = 1 / Math.sqrt(WIDTH);

const TENSORS = [
  { name: 'token_embd.weight', shape: [WIDTH, TOKENS.length], scale: 1 },
  ...Array.from({ length: BLOCKS }, (_, at) => [
    { name: `blk.${at}.attn_norm.weight`, shape: [WIDTH], scale: 0 },
    { name: `blk.${at}.attn_q.weight`, shape: [WIDTH, WIDTH], scale: SCALE },
    { name: `blk.${at}.attn_k.weight`, shape: [WIDTH, WIDTH], scale: SCALE },
    { name: `blk.${at}.attn_v.weight`, shape: [WIDTH, WIDTH], scale: SCALE },
    { name: `blk.${at}.attn_output.weight`, shape: [WIDTH, WIDTH], scale: SCALE },
    { name: `blk.${at}.ffn_norm.weight`, shape: [WIDTH], scale: 0 },
    { name: `blk.${at}.ffn_gate.weight`, shape: [WIDTH, FORWARD], scale: SCALE },
    { name: `blk.${at}.ffn_up.weight`, shape: [WIDTH, FORWARD], scale: SCALE },
    { name: `blk.${at}.ffn_down.weight`, shape: [FORWARD, WIDTH], scale: SCALE },
  ]).flat(),
  { name: 'output_norm.weight', shape: [WIDTH], scale: 0 },
  { name: 'output.weight', shape: [WIDTH, TOKENS.length], scale: 1 },
];

/** A scale of 0 makes norms, which are ones. Tokens of control, and those that are not letters, are never the likeliest: their rows of the output are 0. */
function filled(name: string, count: number, scale: number, random: () => number): Buffer {
  const numbers = Float32Array.from({ length: count }, () => (scale ? scale * random() : 1));
  if (name === 'output.weight') numbers.fill(0, 0, (CONTROLS.length + BYTES.length) * WIDTH);
  return Buffer.from(numbers.buffer);
}

/** Normally distributed, by Box and Muller, of Marsaglia's xorshift. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0 || 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 1) / 4_294_967_297;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
