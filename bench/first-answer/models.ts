import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawLine } from '../../src/cli/demo/line-image.ts';
import { READER_MODEL, readerRequest, readText } from '../../src/cli/demo/line-reader.ts';
import { addConstantModel } from '../../test/support/models/onnx.ts';
import { model, raw, tensor } from '../../test/support/models/onnx-graph.ts';

/** A model file, a request in the Open Inference Protocol, and a check of its answer's first output. */
export type Subject = {
  readonly path: string;
  readonly body: string;
  /** Throws where the answer is wrong. */
  readonly check: (answer: unknown) => void;
};

type Answer = { readonly outputs: readonly [{ readonly data: readonly number[] }] };

const TEXT = 'Total 431.50';
const WIDTH = 7_168;
const ROW = 3;

/** `small` adds a number, `reader` is the demo's of 11 MB, `large` multiplies by a matrix of 205 MB. */
export const SUBJECTS: Readonly<Record<string, (folder: string) => Promise<Subject>>> = {
  async small(folder) {
    const bytes = addConstantModel({ constant: 2 });
    return subject(folder, bytes, input([2], [1, 2]), ({ outputs: [{ data }] }) => data[1] === 4);
  },
  async reader(folder) {
    const request = readerRequest(drawLine(TEXT));
    const bytes = await readFile(READER_MODEL);
    return subject(folder, bytes, request, (answer) => readText(answer) === TEXT);
  },
  async large(folder) {
    const weights = Float32Array.from({ length: WIDTH * WIDTH }, (_, at) => (at % 1_000) / 1_000);
    const oneHot = Array.from({ length: WIDTH }, (_, at) => (at === ROW ? 1 : 0));
    const bytes = model({
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['n', WIDTH] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['n', WIDTH] }],
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
      initializers: [tensor('w', 'FP32', [WIDTH, WIDTH], [9, raw(weights)])],
    });
    const wanted = weights[ROW * WIDTH + 7] ?? Number.NaN;
    return subject(
      folder,
      bytes,
      input([1, WIDTH], oneHot),
      ({ outputs: [{ data }] }) => Math.abs((data[7] ?? 0) - wanted) < 1e-6,
    );
  },
};

async function subject(
  folder: string,
  bytes: Uint8Array,
  request: unknown,
  isRight: (answer: Answer) => boolean,
): Promise<Subject> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  return {
    path,
    body: JSON.stringify(request),
    check(answer) {
      if (isRight(answer as Answer)) return;
      throw new Error(`answered ${JSON.stringify(answer).slice(0, 200)}`);
    },
  };
}

function input(shape: readonly number[], data: readonly number[]): unknown {
  return { inputs: [{ name: 'x', datatype: 'FP32', shape, data }] };
}
