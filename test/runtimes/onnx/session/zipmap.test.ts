import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspectOnnx } from '#formats/onnx/inspect.ts';
import { withoutZipMaps } from '../../../../runtimes/onnx/session/zipmap.ts';
import { type Field, proto } from '../../../support/bytes/proto.ts';
import { bytesSource } from '../../../support/bytes/sources.ts';
import { addConstantModel } from '../../../support/models/onnx.ts';
import { IR_8, node, tensorType, value } from '../../../support/models/onnx-bytes.ts';
import { startModel, stopServers } from '../../model-server.ts';
import { onnx, onnxFile } from '../../onnx-runtime.ts';

afterAll(stopServers);

type Expected = {
  readonly rows: readonly (readonly number[])[];
  readonly classes: readonly (string | number)[];
  readonly labels: readonly (string | number)[];
  readonly probabilities: readonly (readonly number[])[];
};

// A TypeProto of a sequence of maps from texts to numbers.
const MAPS: readonly Field[] = [
  [
    4,
    [
      [
        1,
        [
          [
            5,
            [
              [1, 8],
              [2, tensorType(1)],
            ],
          ],
        ],
      ],
    ],
  ],
];

const pathOf = (name: string) =>
  fileURLToPath(new URL(`../../../fixtures/zipmap/${name}`, import.meta.url));

const expectedOf = (name: string): Expected =>
  JSON.parse(readFileSync(pathOf(`${name}.json`), 'utf8'));

describe.each(['words', 'numbers'])(
  'a classifier of %s, as skl2onnx exports it by default',
  (name) => {
    const { rows, classes, labels, probabilities } = expectedOf(name);
    const words = classes.map(String);

    it('is said to answer a tensor of as many columns as classes, and which they are', async () => {
      const bytes = readFileSync(pathOf(`${name}.onnx`));

      const { signature } = await inspectOnnx(bytesSource(bytes), 'model.onnx', []);

      expect(signature.outputs[1]).toEqual({
        name: 'output_probability',
        datatype: 'FP32',
        shape: [-1, classes.length],
        classes: words,
      });
    });

    it("answers scikit-learn's probabilities by class, and as a tensor", async () => {
      const server = await startModel(onnx, { MODEL_PATH: pathOf(`${name}.onnx`) });

      const { json } = await server.post('/invocations', { inputs: rows });
      const infer = await server.post('/v2/models/m/infer', {
        inputs: [{ name: 'X', datatype: 'FP32', shape: [rows.length, 4], data: rows }],
        outputs: [{ name: 'output_probability' }],
      });
      const metadata = await server.get('/v2/models/m');

      expect(json.predictions.output_label).toEqual(labels);
      expect(json.predictions.probabilities).toEqual(
        probabilities.map((row) =>
          Object.fromEntries(row.map((value, at) => [words[at], near(value)])),
        ),
      );
      expect(infer.json.outputs).toEqual([
        {
          name: 'output_probability',
          datatype: 'FP32',
          shape: [rows.length, classes.length],
          data: probabilities.flat().map(near),
        },
      ]);
      expect(metadata.json.outputs[1]).toMatchObject({ classes: words });
    });
  },
);

it('a model without any operator of ONNX itself is served so, too', async () => {
  const labels: Field = [
    5,
    [
      [1, 'classlabels_strings'],
      [9, 'yes'],
      [20, 8],
    ],
  ];
  const bytes = proto(
    IR_8,
    [
      7,
      [
        node('ZipMap', [1, 'x'], [2, 'p'], labels, [7, 'ai.onnx.ml']),
        [2, 'main'],
        [11, value('x', tensorType(1, [-1, 1]))],
        [12, value('p', MAPS)],
      ],
    ],
    [
      8,
      [
        [1, 'ai.onnx.ml'],
        [2, 1],
      ],
    ],
  );
  const server = await startModel(onnx, await onnxFile(bytes));

  const { json } = await server.post('/invocations', { inputs: [[0.5], [1]] });

  expect(json).toEqual({ predictions: [{ yes: 0.5 }, { yes: 1 }] });
});

it('only the list of maps and what makes it are written anew', () => {
  const bytes = readFileSync(pathOf('words.onnx'));
  const start = bytes.indexOf('output_probability');

  const plain = withoutZipMaps(bytes);
  const same = (other: Uint8Array) => withoutZipMaps(other) === undefined;

  const kept = bytes.subarray(bytes.indexOf('LogisticRegression'), start - 20);
  expect(Buffer.from(plain?.bytes ?? []).includes(kept)).toBe(true);
  expect(same(addConstantModel({ constant: 1 }))).toBe(true);
});

function near(value: number): unknown {
  return expect.closeTo(value, 5);
}
