import { contentOf } from './answer-content.ts';
import type { AskedPair } from './asked-pair.ts';

/** The keys that Slipway's servers write around and within what a model says. */
const PROTOCOL: readonly string[] = [
  ...['outputs', 'data', 'parameters', 'predictions', 'results', 'value', 'index', 'error'],
  ...['label', 'labels', 'score', 'scores', 'probability', 'probabilities', 'relevance_score'],
  ...['text', 'generated_text', 'summary_text', 'translation_text', 'answer', 'sequence'],
  ...['token', 'token_str', 'entity', 'entity_group', 'word', 'start', 'end', 'document'],
  ...['box', 'xmin', 'xmax', 'ymin', 'ymax', 'mask', 'object', 'embedding', 'embeddings'],
  ...['choices', 'message', 'role', 'content', 'refusal', 'tool_calls', 'function', 'arguments'],
  ...['finish_reason', 'logprobs', 'reasoning_content', 'output', 'status', 'type', 'annotations'],
  ...['usage', 'prompt_tokens', 'completion_tokens', 'total_tokens', 'input_tokens'],
  ...['output_tokens'],
];

/** Indices of classes are smaller than this; a greater whole number may be that of an account. */
const LARGEST_INDEX = 1000;

/**
 * The words that a record of a comparison may hold: `names` are the model's own (inputs, outputs, labels); the others are those of the protocols, and all in answers to requests that no client sent.
 * Any other word in an answer may be about the client who asked.
 */
export function publicWords(
  pairs: readonly Pick<AskedPair, 'isSent' | 'before' | 'after'>[],
  names: readonly string[],
): ReadonlySet<string> {
  const words = new Set([...PROTOCOL, ...names]);
  for (const { isSent, before, after } of pairs) {
    if (isSent) continue;
    for (const answer of [before, after]) addWords(contentOf(answer)?.said, words);
  }
  return words;
}

/** Whether a record may hold a value of an answer as it is. */
export function isPublic(value: unknown, words: ReadonlySet<string>): boolean {
  if (typeof value === 'string') return words.has(value);
  if (typeof value === 'number') return Math.abs(value) < LARGEST_INDEX;
  return typeof value !== 'object' || value === null;
}

function addWords(value: unknown, words: Set<string>): void {
  if (typeof value === 'string') words.add(value);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value)) words.add(key);
    addWords(item, words);
  }
}
