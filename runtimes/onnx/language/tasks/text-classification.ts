import { refusal } from '../../refusal.ts';
import { isObject, show } from '../../values/json.ts';
import type { Folder } from '../folder.ts';
import type { Text } from '../tokens.ts';
import {
  type Asked,
  bestOf,
  choiceParameter,
  countParameter,
  type Engine,
  isText,
  pairOf,
  SENTENCE,
  sigmoid,
  softmax,
  type Task,
  TEXT,
  textsOf,
  topOf,
  valuesOf,
} from './task.ts';
import { zeroShot } from './zero-shot.ts';

export const FUNCTIONS = ['softmax', 'sigmoid', 'none'] as const;
export type Function = (typeof FUNCTIONS)[number];

/** Labels texts or pairs of texts; by the request's own labels where the network was trained for that. */
export function textClassification(engine: Engine): Task {
  const { folder } = engine;
  const labelOf = (at: number) => folder.labels[at] ?? `LABEL_${at}`;
  const byCandidates = zeroShot(engine);

  const scored = async (texts: readonly Text[], wished: Function | undefined, asked: Asked) => {
    const found = await engine.run(texts, asked);
    return found.map(({ answer }) => {
      const logits = valuesOf(answer, 'logits').data;
      return applied(wished ?? usual(folder, logits.length), logits);
    });
  };
  return {
    inputs: [TEXT],
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: [-1] },
      { name: 'score', datatype: 'FP32', shape: [-1] },
    ],
    parameters: ['top_k', 'function_to_apply', ...byCandidates.parameters],
    example: SENTENCE,
    isItem: (value) => isText(value) || itemOf(value) !== undefined,
    async answers(items, parameters, asked) {
      if ('candidate_labels' in parameters) return byCandidates.answers(items, parameters, asked);
      const wished = choiceParameter(parameters, 'function_to_apply', FUNCTIONS);
      const all = await scored(items.map(textOf), wished, asked);
      if (!('top_k' in parameters)) {
        return all.map((scores) => {
          const best = bestOf(scores);
          return { label: labelOf(best), score: scores[best] };
        });
      }
      return all.map((scores) => {
        const count =
          parameters['top_k'] === null ? scores.length : countParameter(parameters, 'top_k', 1);
        return topOf(scores, count).map((at) => ({ label: labelOf(at), score: scores[at] }));
      });
    },
    async tensors(inputs, asked) {
      const all = await scored(textsOf(inputs), undefined, asked);
      const best = all.map(bestOf);
      const score = Float32Array.from(all, (scores, at) => scores[best[at] ?? 0] ?? 0);
      return [
        { name: 'label', datatype: 'BYTES', shape: [all.length], data: best.map(labelOf) },
        { name: 'score', datatype: 'FP32', shape: [all.length], data: score },
      ];
    },
  };
}

/** Scores how well a text matches each of several others. */
export type Ranker = {
  /** The score of each text, and the number of tokens; `isRaw` scores are the network's own. */
  rank(
    asked: { readonly query: string; readonly texts: readonly string[]; readonly isRaw: boolean },
    by: Asked,
  ): Promise<{ readonly scores: readonly number[]; readonly tokens: number }>;
};

/** Null where the network has more than one label. */
export function rankerOf({ folder, run }: Engine): Ranker | null {
  if (folder.task !== 'text-classification' || folder.labels.length !== 1) return null;
  return {
    async rank({ query, texts, isRaw }, by) {
      const found = await run(
        texts.map((text) => [query, text] as const),
        by,
      );
      const wished = isRaw ? 'none' : usual(folder, 1);
      return {
        scores: found.map(({ answer }) => applied(wished, valuesOf(answer, 'logits').data)[0] ?? 0),
        tokens: found.reduce((sum, { tokens }) => sum + tokens.ids.length, 0),
      };
    },
  };
}

/** The function that transformers' pipelines choose, or a cross encoder's own. */
export function usual(
  {
    problemType,
    activation = null,
  }: Pick<Folder, 'problemType'> & Partial<Pick<Folder, 'activation'>>,
  labels: number,
): Function {
  if (activation !== null) return activation;
  if (problemType === 'regression') return 'none';
  if (problemType === 'multi_label_classification' || labels === 1) return 'sigmoid';
  return 'softmax';
}

export function applied(wished: Function, logits: Float32Array): Float64Array {
  if (wished === 'softmax') return softmax(logits);
  const all = Float64Array.from(logits);
  return wished === 'sigmoid' ? all.map(sigmoid) : all;
}

function itemOf(value: unknown): Text | undefined {
  const pair = pairOf(value, 'text', 'text_pair');
  if (pair) return pair;
  return isObject(value) && isText(value['text']) && !('text_pair' in value)
    ? value['text']
    : undefined;
}

function textOf(item: unknown): Text {
  const text = isText(item) ? item : itemOf(item);
  if (text !== undefined) return text;
  throw refusal(
    400,
    `inputs has ${show(item)}; it takes a text, or an object with text and text_pair`,
  );
}
