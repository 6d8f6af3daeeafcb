import { refusal } from '../../refusal.ts';
import { isObject, show } from '../../values/json.ts';
import type { Tensor, TensorSpec } from '../../values/tensors.ts';
import { worded } from '../../worded.ts';
import type { Answer, Values } from '../batches.ts';
import type { Folder } from '../folder.ts';
import type { Text, Tokens } from '../tokens.ts';

/** The state of a request: whether its client has left, and how many of its texts were cut. */
export type Asked = { readonly isGone?: (() => boolean) | undefined; cut: number };

export type Parameters = Readonly<Record<string, unknown>>;

/** A task over texts. An item is one of a request's inputs, as transformers' pipeline of that name takes it. */
export type Task = {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** The parameters that the task knows. */
  readonly parameters: readonly string[];
  /** A sample item. */
  readonly example: unknown;
  /** Says in words which item the task takes, where the sample says little. */
  readonly takes?: string;
  isItem(value: unknown): boolean;
  /** One answer for each item; refuses with 400. */
  answers(
    items: readonly unknown[],
    parameters: Parameters,
    asked: Asked,
  ): Promise<readonly unknown[]>;
  /** A value of each output for each text of the inputs. */
  tensors(inputs: readonly Tensor[], asked: Asked): Promise<readonly Tensor[]>;
};

export type Single = { readonly tokens: Tokens; readonly answer: Answer };

/** The tools of tasks: `run` has one answer for each text, `pieces` one for each piece of it. */
export type Engine = {
  readonly folder: Folder;
  readonly outputs: readonly TensorSpec[];
  run(texts: readonly Text[], asked: Asked): Promise<readonly Single[]>;
  pieces(texts: readonly Text[], asked: Asked): Promise<readonly (readonly Single[])[]>;
};

export const TEXT: TensorSpec = { name: 'text', datatype: 'BYTES', shape: [-1] };
export const SENTENCE = 'Ada Lovelace wrote the first program in London.';

export function textsOf(inputs: readonly Tensor[], name = 'text'): readonly string[] {
  const found = inputs.find((each) => each.name === name);
  return Array.isArray(found?.data) ? found.data : [];
}

export function jsonTensor(name: string, values: readonly unknown[]): Tensor {
  const data = values.map((each) => JSON.stringify(each));
  return { name, datatype: 'BYTES', shape: [data.length], data };
}

/** The values of an output that the network must have. */
export function valuesOf(answer: Answer, name: string): Values {
  const values = answer.get(name);
  if (!values) throw new Error(`the model answered no ${name}`);
  return values;
}

export function softmax(values: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(values);
  const most = all.reduce((one, other) => Math.max(one, other), -Infinity);
  const powers = all.map((each) => Math.exp(each - most));
  const sum = powers.reduce((total, each) => total + each, 0);
  return powers.map((each) => each / sum);
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** The places of the largest values, the largest first; of equal values the first comes first. */
export function topOf(values: ArrayLike<number>, count: number): readonly number[] {
  const places = Array.from({ length: values.length }, (_, at) => at);
  return places.sort((one, other) => (values[other] ?? 0) - (values[one] ?? 0)).slice(0, count);
}

export function bestOf(values: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < values.length; at += 1) {
    if ((values[at] ?? 0) > (values[best] ?? 0)) best = at;
  }
  return best;
}

export function row(values: Values, at: number): Float32Array {
  const width = values.data.length / (values.shape[0] ?? 1);
  return values.data.subarray(at * width, (at + 1) * width);
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** A whole number from 1; refuses others with 400. */
export function countParameter(parameters: Parameters, name: string, otherwise: number): number {
  const value = parameters[name] ?? otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1) return value;
  throw refusal(400, worded('parameterFromOne', name, show(value)));
}

/** One of these texts; refuses others with 400. */
export function choiceParameter<Choice extends string>(
  parameters: Parameters,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = parameters[name];
  if (value === undefined || value === null) return undefined;
  const found = choices.find((each) => each === value);
  if (found !== undefined) return found;
  throw refusal(400, worded('parameterTakes', name, show(value), choices.join(', ')));
}

export function pairOf(
  value: unknown,
  first: string,
  second: string,
): readonly [string, string] | undefined {
  if (!isObject(value)) return undefined;
  const { [first]: one, [second]: other } = value;
  return isText(one) && isText(other) ? [one, other] : undefined;
}
