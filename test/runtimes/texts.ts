import { readFileSync } from 'node:fs';

/** The words that the tests' embedder knows, and the vector of each; any other word is the first. */
export const LEXICON = {
  words: ['[UNK]', 'the', 'cat', 'sat'],
  vectors: [
    [8, 8],
    [1, 2],
    [3, -4],
    [0.5, 0.25],
  ],
} as const;

export const TOKENIZER = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'Whitespace' },
  post_processor: null,
  decoder: null,
  model: {
    type: 'WordLevel',
    vocab: Object.fromEntries(LEXICON.words.map((word, id) => [word, id])),
    unk_token: '[UNK]',
  },
};

type Numbers = Float32Array | Float64Array | Uint16Array | Int8Array | BigInt64Array;
export type Tensors = Readonly<Record<string, readonly [string, readonly number[], Numbers]>>;

export function safetensors(tensors: Tensors): Uint8Array {
  let end = 0;
  const header = Object.entries(tensors).map(([name, [dtype, shape, { byteLength }]]) => {
    end += byteLength;
    return [name, { dtype, shape, data_offsets: [end - byteLength, end] }];
  });
  const written = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(written.length));
  const data = Object.values(tensors).map(([, , { buffer }]) => new Uint8Array(buffer));
  return Buffer.concat([head, written, ...data]);
}

/** A model that ranks, with transformers' scores of pairs by likelihood and by the network itself: test/fixtures/hugging-face/make.py. */
export const RANKER = new URL('../fixtures/hugging-face/electra-reranker/', import.meta.url);

type Scored = {
  readonly request: { readonly inputs: readonly { readonly text_pair: string }[] };
  readonly answer: readonly { readonly score: number }[];
};

// The tokens of each text together with the query's.
const TOKENS = [19, 33, 22, 10, 43];

/** The scores of each text beside the fixture's query. */
export function scoresOfTexts(): Readonly<Record<string, object>> {
  const [likely, raw]: readonly [Scored, Scored] = JSON.parse(
    readFileSync(new URL('answers.json', RANKER), 'utf8'),
  );
  return Object.fromEntries(
    likely.request.inputs.map(({ text_pair: text }, at) => [
      text,
      { likely: likely.answer[at]?.score, raw: raw.answer[at]?.score, tokens: TOKENS[at] },
    ]),
  );
}
