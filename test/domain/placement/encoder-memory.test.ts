import { encoderMemory, staticMemory } from '#domain/placement/encoder-memory.ts';

const MIB = 2 ** 20;
const MINILM = {
  weightBytes: 90 * MIB,
  parameters: 22_713_216,
  isQuantized: false,
  tokenizerBytes: 466_247,
  tokenizer: 'WordPiece',
  vocabulary: 30_522,
  maxTokens: 256,
  hiddenSize: 384,
  heads: 12,
  feedForwardSize: 1536,
  scoresPerToken: 0,
};

it('an encoder takes its server, its weights, its tokenizer, and what a run is computed in', () => {
  expect(encoderMemory(MINILM)).toEqual([
    { name: 'the ONNX server', bytes: 124 * MIB },
    { name: 'the weights and their copies', bytes: 108 * MIB },
    { name: 'the tokenizer', bytes: 500 * 30_522 },
    {
      name: 'the activations of 512 tokens',
      bytes: 4 * 512 * (6 * 384 + 2 * 1536 + 2 * 12 * 256) * 4,
    },
  ]);
});

it('an encoder of texts longer than a run takes a run of one', () => {
  const [, , , run] = encoderMemory({ ...MINILM, maxTokens: 8192 });

  expect(run?.name).toBe('the activations of 8192 tokens');
});

it('an encoder that does not tell its shape is taken for one of the usual shape', () => {
  const unknown = { maxTokens: null, hiddenSize: null, heads: null, feedForwardSize: null };
  const usual = { maxTokens: 512, hiddenSize: 768, heads: 12, feedForwardSize: 3072 };

  expect(encoderMemory({ ...MINILM, ...unknown })).toEqual(encoderMemory({ ...MINILM, ...usual }));
});

it('an encoder that scores its whole vocabulary takes that for each token too', () => {
  const bytes = (scoresPerToken: number) =>
    encoderMemory({ ...MINILM, scoresPerToken })[3]?.bytes ?? 0;

  expect(bytes(30_522) - bytes(0)).toBe(4 * 512 * 30_522 * 4);
});

it('weights in eight bits are held as they are, packed, and in part in single precision', () => {
  const [, held] = encoderMemory({ ...MINILM, weightBytes: 23 * MIB, isQuantized: true });

  expect(held?.bytes).toBe(Math.ceil(3 * 23 * MIB + 22_713_216 * 4 * 1.2));
});

it.each([
  { tokenizer: 'Unigram', vocabulary: 250_002, bytes: 900 * 250_002 },
  { tokenizer: 'BPE', vocabulary: 50_265, bytes: 900 * 50_265 },
  { tokenizer: null, vocabulary: 1000, bytes: 900 * 1000 },
  { tokenizer: 'BPE', vocabulary: null, bytes: 20 * 466_247 },
])(
  'a tokenizer takes what each of its words does: $tokenizer of $vocabulary',
  ({ bytes, ...given }) => {
    expect(encoderMemory({ ...MINILM, ...given })[2]?.bytes).toBe(bytes);
  },
);

it('vectors of tokens take their server, themselves and the tokenizer: no network runs', () => {
  expect(staticMemory(MINILM)).toEqual([
    { name: 'the ONNX server', bytes: 124 * MIB },
    { name: 'the vectors of tokens', bytes: 90 * MIB },
    { name: 'the tokenizer', bytes: 500 * 30_522 },
  ]);
});
