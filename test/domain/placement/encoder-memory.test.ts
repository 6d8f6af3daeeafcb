import { encoderMemory } from '#domain/placement/encoder-memory.ts';

const MIB = 2 ** 20;
const MINILM = {
  weightBytes: 90 * MIB,
  tokenizerBytes: 466_247,
  maxTokens: 256,
  hiddenSize: 384,
  heads: 12,
  feedForwardSize: 1536,
  scoresPerToken: 0,
};

it('an encoder takes its server, its weights twice, its tokenizer, and what a run is computed in', () => {
  expect(encoderMemory(MINILM)).toEqual([
    { name: 'the ONNX server', bytes: 320 * MIB },
    { name: 'the weights and their copies', bytes: 180 * MIB },
    { name: 'the tokenizer', bytes: 12 * 466_247 },
    {
      name: 'the activations of 512 tokens',
      bytes: 3 * 512 * (6 * 384 + 2 * 1536 + 2 * 12 * 256) * 4,
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

  expect(bytes(30_522) - bytes(0)).toBe(3 * 512 * 30_522 * 4);
});
