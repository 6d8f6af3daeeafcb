import { refusal } from '../../refusal.ts';
import { show } from '../../values/json.ts';
import { worded } from '../../worded.ts';
import {
  type Asked,
  type Engine,
  isText,
  type Parameters,
  softmax,
  type Task,
  topOf,
  valuesOf,
} from './task.ts';

const MOST_LABELS = 1000;
const TEMPLATE = 'This example is {}.';

/** Decides which of the request's own labels a text has: each label becomes a hypothesis, and the network was trained to decide whether a text entails it. */
export function zeroShot({ folder, run }: Engine): Pick<Task, 'parameters' | 'answers'> {
  const entailment = folder.labels.findIndex((label) => /^entail/i.test(label));
  const scored = async (
    text: string,
    hypotheses: readonly string[],
    isEach: boolean,
    asked: Asked,
  ) => {
    const found = await run(
      hypotheses.map((each) => [text, each] as const),
      asked,
    );
    const logits = found.map(({ answer }) => valuesOf(answer, 'logits').data);
    return isEach
      ? eachOf(logits, entailment)
      : softmax(logits.map((each) => each[entailment] ?? 0));
  };
  return {
    parameters: ['candidate_labels', 'hypothesis_template', 'multi_label'],
    async answers(items, parameters, asked) {
      if (entailment < 0) throw noEntailment(folder.labels);
      const labels = labelsOf(parameters);
      const hypotheses = hypothesesOf(labels, parameters);
      const isEach = parameters['multi_label'] === true || labels.length === 1;
      const answers: unknown[] = [];
      for (const item of items) {
        if (!isText(item)) throw refusal(400, `inputs has ${show(item)}; it takes texts`);
        const scores = await scored(item, hypotheses, isEach, asked);
        const order = topOf(scores, labels.length);
        answers.push({
          sequence: item,
          labels: order.map((at) => labels[at]),
          scores: order.map((at) => scores[at]),
        });
      }
      return answers;
    },
  };
}

function noEntailment(labels: readonly string[]) {
  return refusal(400, worded('entailmentLabels', labels.join(', ')));
}

/** Each label by itself: entailed or contradicted. */
function eachOf(logits: readonly Float32Array[], entailment: number): Float64Array {
  return Float64Array.from(logits, (each) => {
    const contradiction = entailment === 0 ? each.length - 1 : 0;
    return softmax([each[contradiction] ?? 0, each[entailment] ?? 0])[1] ?? 0;
  });
}

function labelsOf({ candidate_labels: given }: Parameters): readonly string[] {
  const labels = isText(given) ? given.split(',').map((each) => each.trim()) : given;
  const isList = Array.isArray(labels) && labels.every((each) => isText(each) && each !== '');
  if (isList && labels.length > 0 && labels.length <= MOST_LABELS) return labels;
  throw refusal(
    400,
    `parameters.candidate_labels is ${show(given)}; it takes a list of 1 to ${MOST_LABELS} texts`,
  );
}

function hypothesesOf(
  labels: readonly string[],
  { hypothesis_template: given = TEMPLATE }: Parameters,
) {
  if (isText(given) && given.includes('{}'))
    return labels.map((each) => given.replace('{}', () => each));
  throw refusal(400, `parameters.hypothesis_template is ${show(given)}; it takes a text with {}`);
}
