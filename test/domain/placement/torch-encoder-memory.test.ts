import { torchEncoderMemory } from '#domain/placement/torch-encoder-memory.ts';

const MIB = 2 ** 20;
const MINILM = {
  weightBytes: 45 * MIB,
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
  isEmbedding: true,
};

it('an encoder by torch takes its server, its weights in single precision, its tokenizer, and what a run is computed in', () => {
  expect(torchEncoderMemory(MINILM)).toEqual([
    { name: 'the server, PyTorch and transformers', bytes: 740 * MIB },
    { name: 'the weights', bytes: 22_713_216 * 4 },
    { name: 'the tokenizer', bytes: 500 * 30_522 },
    {
      name: 'the activations of 8,192 tokens',
      bytes: 32 * 256 * (6 * 384 + 2 * 1536) * 4,
    },
  ]);
});

it('an encoder by torch that makes no vectors is asked text by text', () => {
  const [, , , run] = torchEncoderMemory({ ...MINILM, isEmbedding: false });

  expect(run?.name).toBe('the activations of 256 tokens');
});

it('an encoder by torch that does not tell its shape is taken for one of the usual shape', () => {
  const unknown = { maxTokens: null, hiddenSize: null, feedForwardSize: null };
  const usual = { maxTokens: 512, hiddenSize: 768, feedForwardSize: 3072 };

  expect(torchEncoderMemory({ ...MINILM, ...unknown })).toEqual(
    torchEncoderMemory({ ...MINILM, ...usual }),
  );
});
