import { join } from 'node:path';
import { filesIn } from '../../test/support/models/files-in.ts';
import { minilm } from '../../test/support/models/minilm.ts';
import { pythonOf } from '../beside/python.ts';
import type { Question, Subject } from '../beside/subject.ts';

const TEXTS = [
  'The delivery was late, the box was damaged, and nobody answered the phone: I shall never order here again!',
  'Where is the nearest station?',
  'Stock prices fell on Monday, after the central bank had raised its rates.',
  'Ada Lovelace wrote the first program in London.',
];

type Vectors = { readonly vectors: readonly (readonly number[])[] };
type Embeddings = { readonly data: readonly { readonly embedding: readonly number[] }[] };

/** MiniLM, real weights, beside FastAPI with sentence-transformers. */
export async function sentences(): Promise<Subject> {
  const modelPath = await minilm();
  if (typeof modelPath !== 'string') throw new Error(modelPath.missing);
  const files = filesIn(modelPath);
  return {
    peers: [
      {
        name: 'sentence-transformers',
        command: {
          program: await pythonOf(join(import.meta.dirname, 'torch.txt')),
          given: [join(import.meta.dirname, 'sentences_server.py')],
          environment: { MODEL_PATH: modelPath },
        },
      },
    ],
    unit: 'text',
    ours: [
      {
        name: 'Slipway',
        drop(slipway, model) {
          for (const [name, bytes] of Object.entries(files)) {
            slipway.drop(`models/${model}/net/${name}`, bytes);
          }
          slipway.drop(`models/${model}/net/model.yaml`, '');
        },
      },
    ],
    questions: [asked(1), asked(32)],
    // All sides compute in single precision, but by different kernels.
    mostApart: 1e-3,
    aims: { startCpu: 5, unitCpu: 2 },
  };
}

function asked(count: number): Question {
  const texts = Array.from({ length: count }, (_, at) => TEXTS[at % TEXTS.length] ?? '');
  return {
    what: `${count} at once`,
    count,
    ours: (model) => ({
      path: '/v1/embeddings',
      body: { model, input: texts },
      read: (answer) => (answer as Embeddings).data.flatMap(({ embedding }) => embedding),
    }),
    peers: {
      path: '/embed',
      body: { texts },
      read: (answer) => (answer as Vectors).vectors.flat(),
    },
  };
}
