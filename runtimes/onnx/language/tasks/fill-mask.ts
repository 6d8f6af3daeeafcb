import { refusal } from '../../refusal.ts';
import { show } from '../../values/json.ts';
import type { Tokenizing } from '../tokens.ts';
import {
  type Asked,
  countParameter,
  type Engine,
  isText,
  jsonTensor,
  row,
  type Single,
  softmax,
  type Task,
  TEXT,
  textsOf,
  topOf,
  valuesOf,
} from './task.ts';

const USUAL_COUNT = 5;

/** The tokens that could stand where a text has the mask; a text with several masks has a list for each. */
export function fillMask({ folder, run }: Engine, tokenizing: Tokenizing): Task {
  const mask = folder.maskToken ?? '';

  const filled = async ({ tokens, answer }: Single, count: number) => {
    const places = tokens.ids.flatMap((id, at) => (id === tokenizing.maskId ? [at] : []));
    if (places.length === 0) throw refusal(400, `inputs has a text without ${mask}`);
    const logits = valuesOf(answer, 'logits');
    const all = await Promise.all(
      places.map((place) => {
        const scores = softmax(row(logits, place));
        const best = topOf(scores, count);
        return Promise.all(
          best.map(async (token) => ({
            score: scores[token],
            token,
            token_str: await tokenizing.decode([token], false),
            sequence: await tokenizing.decode(tokens.ids.with(place, token), places.length === 1),
          })),
        );
      }),
    );
    return all.length === 1 ? all[0] : all;
  };
  const answered = async (texts: readonly string[], count: number, asked: Asked) =>
    Promise.all((await run(texts, asked)).map((each) => filled(each, count)));
  return {
    inputs: [TEXT],
    outputs: [{ name: 'answer', datatype: 'BYTES', shape: [-1] }],
    parameters: ['top_k'],
    example: `Ada Lovelace wrote the first ${mask} in London.`,
    isItem: isText,
    answers: (items, parameters, asked) =>
      answered(items.map(textOf), countParameter(parameters, 'top_k', USUAL_COUNT), asked),
    tensors: async (inputs, asked) => [
      jsonTensor('answer', await answered(textsOf(inputs), USUAL_COUNT, asked)),
    ],
  };
}

function textOf(item: unknown): string {
  if (isText(item)) return item;
  throw refusal(400, `inputs has ${show(item)}; it takes texts`);
}
