import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonOf } from '../beside/python.ts';
import type { Question, Subject } from '../beside/subject.ts';

const SHAPE = [96, 96, 3] as const;

type Predictions = { readonly predictions: readonly (readonly number[])[] };

/** MobileNetV2 for small pictures, beside FastAPI with Keras on TensorFlow. */
export async function kerasNetwork(folder: string): Promise<Subject> {
  const python = await pythonOf(join(import.meta.dirname, 'keras.txt'));
  const modelPath = join(folder, 'network.keras');
  await promisify(execFile)(python, [join(import.meta.dirname, 'make_keras.py'), modelPath]);
  const bytes = readFileSync(modelPath);
  return {
    peers: [
      {
        name: 'Keras',
        command: {
          program: python,
          given: [join(import.meta.dirname, 'keras_server.py')],
          environment: { MODEL_PATH: modelPath },
        },
      },
    ],
    unit: 'picture',
    ours: [
      {
        name: 'Slipway',
        drop: (slipway, model) => slipway.drop(`models/${model}/network.keras`, bytes),
      },
    ],
    questions: [asked(1), asked(8)],
    mostApart: 1e-3,
  };
}

function asked(count: number): Question {
  const size = SHAPE.reduce((product, length) => product * length, count);
  const values = Array.from({ length: size }, (_, at) => ((at * 7_919) % 1_000) / 1_000);
  const body = { instances: nested(values, SHAPE) };
  const read = (answer: unknown) => (answer as Predictions).predictions.flat();
  return {
    what: `${count} at once`,
    count,
    ours: () => ({ path: '/invocations', body, read }),
    peers: { path: '/predict', body, read },
  };
}

/** Values as nested lists, by the lengths of all dimensions except the first. */
function nested(values: readonly number[], lengths: readonly number[]): readonly unknown[] {
  return lengths.reduceRight<readonly unknown[]>(
    (flat, length) =>
      Array.from({ length: flat.length / length }, (_, at) =>
        flat.slice(at * length, (at + 1) * length),
      ),
    values,
  );
}
