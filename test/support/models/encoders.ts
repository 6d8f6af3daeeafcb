/** Small encoders in test/fixtures/hugging-face, one for each task over texts, each with answers of transformers. */
export const ENCODERS = [
  'bert-tokens',
  'roberta-entailment',
  'deberta-many',
  'electra-reranker',
  'distilbert-questions',
  'mpnet-masks',
  'bert-sentences',
  'xlm-roberta-vectors',
] as const;
