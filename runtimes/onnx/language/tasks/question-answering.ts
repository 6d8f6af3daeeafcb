import { refusal } from '../../refusal.ts';
import { show } from '../../values/json.ts';
import type { Tokens } from '../tokens.ts';
import {
  type Asked,
  countParameter,
  type Engine,
  jsonTensor,
  pairOf,
  SENTENCE,
  type Single,
  softmax,
  type Task,
  textsOf,
  valuesOf,
} from './task.ts';

/** A question with the context that should hold its answer. */
type Question = readonly [question: string, context: string];
type Span = { readonly first: number; readonly last: number; readonly score: number };
type Found = {
  score: number;
  readonly start: number;
  readonly end: number;
  readonly answer: string;
};
type AnswerOptions = { readonly count: number; readonly longest: number };

/** transformers' pipeline cuts a longer context the same way: into pieces of at most so many tokens, which overlap by so many. */
export const QUESTION_TOKENS = 384;
export const QUESTION_STRIDE = 128;

const LONGEST = 15;
const CONTEXT = 1;

/** Finds the answer to a question in a context: the whole words with the highest sum of the scores of both ends. */
export function questionAnswering({ pieces }: Engine): Task {
  const answered = async (questions: readonly Question[], options: AnswerOptions, asked: Asked) => {
    const found = await pieces(questions, asked);
    return found.map((each, at) => answersOf(questions[at]?.[1] ?? '', each, options));
  };
  return {
    inputs: [
      { name: 'question', datatype: 'BYTES', shape: [-1] },
      { name: 'context', datatype: 'BYTES', shape: [-1] },
    ],
    outputs: [{ name: 'answer', datatype: 'BYTES', shape: [-1] }],
    parameters: ['top_k', 'max_answer_len'],
    example: { question: 'Who wrote the first program?', context: SENTENCE },
    isItem: (value) => pairOf(value, 'question', 'context') !== undefined,
    async answers(items, parameters, asked) {
      const count = countParameter(parameters, 'top_k', 1);
      const longest = countParameter(parameters, 'max_answer_len', LONGEST);
      const all = await answered(items.map(questionOf), { count, longest }, asked);
      return count === 1 ? all.map(([best]) => best ?? NO_ANSWER) : all;
    },
    async tensors(inputs, asked) {
      const [questions, contexts] = [textsOf(inputs, 'question'), textsOf(inputs, 'context')];
      if (questions.length !== contexts.length) {
        throw refusal(
          400,
          `there are ${questions.length} questions and ${contexts.length} contexts`,
        );
      }
      const pairs = questions.map((each, at): Question => [each, contexts[at] ?? '']);
      const all = await answered(pairs, { count: 1, longest: LONGEST }, asked);
      return [
        jsonTensor(
          'answer',
          all.map(([best]) => best ?? NO_ANSWER),
        ),
      ];
    },
  };
}

const NO_ANSWER: Found = { score: 0, start: 0, end: 0, answer: '' };

function questionOf(item: unknown): Question {
  const pair = pairOf(item, 'question', 'context');
  if (pair && pair[0] !== '' && pair[1] !== '') return pair;
  throw refusal(400, `inputs has ${show(item)}; it takes an object with question and context`);
}

function answersOf(
  context: string,
  pieces: readonly Single[],
  { count, longest }: AnswerOptions,
): readonly Found[] {
  const characters = [...context];
  const found: Found[] = [];
  for (const { tokens, answer } of pieces) {
    const isContext = tokens.encoding.getSequenceIds().map((each) => each === CONTEXT);
    const starts = likely(valuesOf(answer, 'start_logits').data, isContext);
    const ends = likely(valuesOf(answer, 'end_logits').data, isContext);
    // Some of them become one answer if they are parts of the same words.
    for (const span of spansOf(starts, ends, longest).slice(0, 2 * count + 10)) {
      const [start, end] = placeOf(tokens, span);
      const text = characters.slice(start, end).join('');
      const same = found.find((each) => each.answer.toLowerCase() === text.toLowerCase());
      if (same) same.score += span.score;
      else found.push({ score: span.score, start, end, answer: text });
    }
  }
  return found.toSorted((one, other) => other.score - one.score).slice(0, count);
}

/** The probability of each token; only tokens of the context can be an answer, but the first token takes the share of no answer. */
function likely(logits: Float32Array, isContext: readonly boolean[]): Float64Array {
  const scores = softmax(logits.map((each, at) => (isContext[at] || at === 0 ? each : -10_000)));
  return scores.map((each, at) => (isContext[at] ? each : 0));
}

function spansOf(starts: Float64Array, ends: Float64Array, longest: number): readonly Span[] {
  const spans: Span[] = [];
  starts.forEach((start, first) => {
    if (start === 0) return;
    const until = Math.min(first + longest, ends.length);
    for (let last = first; last < until; last += 1) {
      const score = start * (ends[last] ?? 0);
      if (score > 0) spans.push({ first, last, score });
    }
  });
  return spans.sort((one, other) => other.score - one.score);
}

/** The words that a span is in, as characters of the context. */
function placeOf(
  { encoding }: Tokens,
  { first, last }: Span,
): readonly [start: number, end: number] {
  const wordAt = (token: number) => {
    const word = encoding.tokenToWord(token);
    return word === null ? null : encoding.wordToChars(word, CONTEXT);
  };
  const offsets = encoding.getOffsets();
  return [
    wordAt(first)?.[0] ?? offsets[first]?.[0] ?? 0,
    wordAt(last)?.[1] ?? offsets[last]?.[1] ?? 0,
  ];
}
