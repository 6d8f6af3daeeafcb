import {
  type Asked,
  choiceParameter,
  countParameter,
  isText,
  type Task,
  textsOf,
} from '../language/tasks/task.ts';
import { refusal } from '../refusal.ts';
import { show } from '../values/json.ts';
import { worded } from '../worded.ts';
import {
  type Classifier,
  type ClassifyOptions,
  type Labelled,
  SCORE_FUNCTIONS,
} from './classifier.ts';

// Twelve by eight pixels of several colours.
const SMALL_IMAGE =
  'iVBORw0KGgoAAAANSUhEUgAAAAwAAAAICAIAAABChommAAAAWklEQVR42mNkYDghwpAgwsAgwsAgwrAAK5uFQS6BAQoWMDBgZ7MwyEFZW5BE56CqhihawMCQwPAIyQw5FPNYGORgJj9CskUOxUYcbpLD4SafChR/4XATbj8CAP63HnYff75SAAAAAElFTkSuQmCC';
const MOST_IMAGES = 32;
/** The number of labels that transformers' pipeline returns. */
export const USUAL_TOP = 5;

/** The contents of images, each of which is base64. */
export function imageTask({ labelled }: Classifier): Task {
  const each = async (
    items: readonly unknown[],
    options: Omit<ClassifyOptions, 'what'>,
    asked: Asked,
  ) => {
    refuseMany(items.length);
    const found: (readonly Labelled[])[] = [];
    for (const [at, item] of items.entries()) {
      const what = items.length === 1 ? 'inputs' : `inputs[${at}]`;
      found.push(await labelled(bytesOf(item, what), { ...options, what }, asked));
    }
    return found;
  };
  return {
    inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }],
    outputs: [
      { name: 'label', datatype: 'BYTES', shape: [-1] },
      { name: 'score', datatype: 'FP32', shape: [-1] },
    ],
    parameters: ['top_k', 'function_to_apply'],
    example: SMALL_IMAGE,
    takes: worded('anImage'),
    isItem: isText,
    async answers(items, parameters, asked) {
      const wished = choiceParameter(parameters, 'function_to_apply', SCORE_FUNCTIONS);
      const top = countParameter(parameters, 'top_k', USUAL_TOP);
      return each(items, { top, wished }, asked);
    },
    async tensors(inputs, asked) {
      const best = (await each(textsOf(inputs, 'image'), { top: 1 }, asked)).flat();
      const shape = [best.length];
      const score = Float32Array.from(best, (one) => one.score);
      return [
        { name: 'label', datatype: 'BYTES', shape, data: best.map(({ label }) => label) },
        { name: 'score', datatype: 'FP32', shape, data: score },
      ];
    },
  };
}

function refuseMany(count: number): void {
  if (count <= MOST_IMAGES) return;
  throw refusal(400, worded('tooManyImages', count, MOST_IMAGES));
}

const TAKES = worded('takesImageText');

/** Refuses anything but base64 with 400. A URL is refused too: the server fetches nothing. */
function bytesOf(item: unknown, what: string): Uint8Array {
  if (!isText(item)) throw refusal(400, `${what} is ${show(item)}; ${TAKES}`);
  const written = item.replace(/^data:[^,;]{0,100};base64,/, '').replaceAll(/\s/g, '');
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(written) && written.length % 4 === 0;
  if (isBase64) return Buffer.from(written, 'base64');
  throw refusal(400, worded('notBase64', what, show(item), TAKES));
}
