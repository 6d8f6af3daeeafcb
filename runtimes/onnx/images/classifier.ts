import { type Asked, topOf } from '../language/tasks/task.ts';
import {
  applied,
  FUNCTIONS,
  type Function as Named,
  usual,
} from '../language/tasks/text-classification.ts';
import { createQueue } from '../session/queue.ts';
import type { Session } from '../session/session.ts';
import type { Signature, Tensor } from '../values/tensors.ts';
import { decoded } from './decode.ts';
import type { ImageFolder } from './folder.ts';
import { prepared } from './prepare.ts';

export type Labelled = { readonly label: string; readonly score: number };

/** How to label an image: `what` is its name in a refusal; `wished` is the function applied to the scores, by default transformers' choice. */
export type ClassifyOptions = {
  readonly what: string;
  readonly top: number;
  readonly wished?: Named | undefined;
};

export const SCORE_FUNCTIONS: readonly Named[] = FUNCTIONS;

/** Labels one image after the other: several at once are no faster, and each takes memory. */
export type Classifier = {
  labelled(bytes: Uint8Array, options: ClassifyOptions, asked: Asked): Promise<readonly Labelled[]>;
  idle(): Promise<unknown>;
};

const MOST_WAITING = 100;

/** Throws where the network's inputs or outputs are not those of an image classifier. */
export function classifierOf(session: Session, folder: ImageFolder): Classifier {
  const [input, output] = tensorsOf(session.signature, folder);
  const { labels, preparation } = folder;
  const queue = createQueue(MOST_WAITING);
  const logitsOf = async (bytes: Uint8Array, what: string, { isGone }: Asked) => {
    const { width, height, data } = await queue.run(
      async () => prepared(await decoded(bytes, what), preparation),
      isGone,
    );
    const given: Tensor = { name: input, datatype: 'FP32', shape: [1, 3, height, width], data };
    const [answer] = await session.run({ inputs: [given], outputs: [output] }, isGone);
    return Float32Array.from(answer?.data ?? [], Number);
  };
  return {
    async labelled(bytes, { what, top, wished }, asked) {
      const logits = await logitsOf(bytes, what, asked);
      const scores = applied(wished ?? usual(folder, logits.length), logits);
      return topOf(scores, top).map((at) => ({
        label: labels[at] ?? `LABEL_${at}`,
        score: scores[at] ?? 0,
      }));
    },
    idle: () => queue.idle().then(session.idle),
  };
}

function tensorsOf(
  { inputs, outputs }: Signature,
  { modelPath }: ImageFolder,
): readonly [input: string, output: string] {
  const [input, ...others] = inputs;
  const output = outputs.find(({ name }) => name === 'logits');
  if (!input || others.length > 0 || input.datatype !== 'FP32' || input.shape.length !== 4) {
    const takes = inputs.map(({ name, datatype, shape }) => `${name} ${datatype}[${shape}]`);
    throw new Error(
      `${modelPath} takes ${takes.join(', ')}; a model over images takes one FP32 tensor of four dimensions`,
    );
  }
  if (output) return [input.name, output.name];
  const names = outputs.map(({ name }) => name).join(', ');
  throw new Error(`${modelPath} answers ${names}; a model over images answers logits`);
}
