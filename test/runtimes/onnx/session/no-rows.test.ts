import { answerToNoRows } from '../../../../runtimes/onnx/session/no-rows.ts';
import type { Signature, Tensor } from '../../../../runtimes/onnx/values/tensors.ts';
import { twoLargestModel } from '../../../support/models/onnx.ts';
import { sharedModel, startModel, stopServers } from '../../model-server.ts';
import { onnx, onnxFile } from '../../onnx-runtime.ts';

afterAll(stopServers);

describe('a request of no rows to a model that does not run on none', () => {
  it('is answered by none', async () => {
    const server = await sharedModel(onnx, ['width32Only']);

    const { status, json } = await server.post('/invocations', { inputs: [] });

    expect({ status, json }).toEqual({ status: 200, json: { predictions: [] } });
  });

  it('never reaches the engine, which some operators end by it', async () => {
    const server = await startModel(onnx, await onnxFile(twoLargestModel()));

    const none = await server.post('/invocations', { inputs: [] });
    const rows = await server.post('/invocations', { inputs: [[1, 3, 2]] });

    expect([none.json, rows.json]).toEqual([{ predictions: [] }, { predictions: [[3, 2]] }]);
  });

  it('is answered by as many of each output that it asks for', () => {
    const inputs = [tensor('x', [0, 2])];

    const answer = answerToNoRows({ inputs, outputs: ['p', 'l'] }, SIGNATURE);

    expect(answer?.map(({ name, shape, classes }) => ({ name, shape, classes }))).toEqual([
      { name: 'l', shape: [0], classes: undefined },
      { name: 'p', shape: [0, 3], classes: ['a', 'b', 'c'] },
    ]);
  });

  it.each([
    { says: 'a row', inputs: [tensor('x', [1, 2])], signature: {} },
    {
      says: 'no rows of an input that has always one',
      inputs: [tensor('x', [0, 2])],
      signature: { inputs: [{ ...tensor('x', [1, 2]) }] },
    },
    { says: 'no input', inputs: [], signature: { inputs: [] } },
  ])('is not what $says is', ({ inputs, signature }) => {
    const run = { inputs, outputs: ['l'] };

    expect(answerToNoRows(run, { ...SIGNATURE, ...signature })).toBeUndefined();
  });
});

const SIGNATURE: Signature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [
    { name: 'l', datatype: 'BYTES', shape: [-1] },
    { name: 'p', datatype: 'FP32', shape: [-1, 3], classes: ['a', 'b', 'c'] },
    { name: 'other', datatype: 'INT64', shape: [-1, -1] },
  ],
};

function tensor(name: string, shape: readonly number[]): Tensor {
  return { name, datatype: 'FP32', shape, data: new Float32Array() };
}
