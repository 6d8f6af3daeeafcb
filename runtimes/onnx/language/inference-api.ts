import { refusal } from '../refusal.ts';
import { isObject, show, showKeys } from '../values/json.ts';
import { worded } from '../worded.ts';
import { type LanguageModel, refuseMany } from './model.ts';
import type { Asked, Parameters } from './tasks/task.ts';

/** A request of Hugging Face's inference API: its inputs, and whether they are one or a list. */
export type InferenceRequest = {
  readonly items: readonly unknown[];
  readonly isOne: boolean;
  readonly parameters: Parameters;
};

const KEYS: readonly string[] = ['inputs', 'parameters', 'options'];

/** Reads `{"inputs": …, "parameters": {…}}`; undefined for a body of another shape. Refuses with 400 a parameter that the task does not have. */
export function readInference(
  body: unknown,
  { task }: Pick<LanguageModel, 'task'>,
): InferenceRequest | undefined {
  if (!isObject(body) || !('inputs' in body)) return undefined;
  const { inputs, parameters = {} } = body;
  const isOne = task.isItem(inputs);
  const items = isOne ? [inputs] : inputs;
  const isShaped = Array.isArray(items) && items.length > 0 && items.every(task.isItem);
  const others = Object.keys(body).filter((key) => !KEYS.includes(key));
  if (!isShaped) {
    // It is an object of inputs by name, which the tensor protocols read.
    if (isObject(inputs) && !('parameters' in body)) return undefined;
    const takes = task.takes ?? JSON.stringify(task.example);
    throw refusal(400, worded('inputsTake', show(inputs), takes));
  }
  if (others.length > 0) {
    throw refusal(400, worded('bodyTakesKeys', showKeys(others), showKeys(KEYS)));
  }
  refuseMany(items.length);
  return { items, isOne, parameters: parametersOf(parameters, task.parameters) };
}

/** Answers in the form of transformers' pipelines: a list for several inputs, the answer alone for one, but always a list for a text's labels. */
export async function answerInference(
  { items, isOne, parameters }: InferenceRequest,
  { task, folder }: LanguageModel,
  asked: Asked,
): Promise<unknown> {
  const answers = await task.answers(items, parameters, asked);
  if (!isOne) return answers;
  const [answer] = answers;
  const isLabel = folder.task === 'text-classification' && isObject(answer) && 'label' in answer;
  return isLabel ? [answer] : answer;
}

/** The warning header where texts were cut to the model's limit. */
export function cutWarning(
  { cut }: Asked,
  { folder }: LanguageModel,
): Readonly<Record<string, string>> {
  if (cut === 0) return {};
  const texts = cut === 1 ? '1 text was' : `${cut} texts were`;
  return {
    'x-slipway-warning': `${texts} cut to the ${folder.maxTokens} tokens that the model takes`,
  };
}

function parametersOf(given: unknown, known: readonly string[]): Parameters {
  if (!isObject(given)) throw refusal(400, worded('parametersTakeObject', show(given)));
  const unknown = Object.keys(given).filter((key) => !known.includes(key));
  if (unknown.length === 0) return given;
  const takes = known.length > 0 ? showKeys(known) : 'none';
  throw refusal(400, worded('parametersTake', showKeys(unknown), takes));
}
