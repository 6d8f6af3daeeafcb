import { sequenceOutputModel, subgraphModel } from '../../support/models/onnx.ts';
import { describeContract } from '../contract/contract.ts';
import { startModel } from '../model-server.ts';
import { OCR, onnx, onnxFile } from '../onnx-runtime.ts';

await describeContract(onnx, {
  examples: [
    { says: 'a BOOL scalar', model: () => startModel(onnx, onnxFile(subgraphModel())) },
    { says: 'images', model: () => startModel(onnx, OCR) },
  ],
});

const INFER = '/v2/models/m/infer';

function inferX(datatype: string, shape: unknown, data: unknown) {
  return { inputs: [{ name: 'x', datatype, shape, data }] };
}

it('serves the tensors of a model that also has an output of another type', async () => {
  const server = await startModel(onnx, onnxFile(sequenceOutputModel()));

  const { json } = await server.post(INFER, inferX('FP32', [1], [5]));

  expect(json.outputs).toEqual([{ name: 'y', datatype: 'FP32', shape: [1], data: [5] }]);
});

it('runs a real model: the OCR recogniser', async () => {
  const server = await startModel(onnx, OCR);
  const pixels = new Array(3 * 48 * 320).fill(1);

  const { json } = await server.post(INFER, inferX('FP32', [1, 3, 48, 320], pixels));

  const [output] = json.outputs;
  expect(output).toMatchObject({ datatype: 'FP32', shape: [1, 40, 6625] });
  const firstStep: number[] = output.data.slice(0, 6625);
  expect(firstStep.reduce((sum, probability) => sum + probability, 0)).toBeCloseTo(1, 4);
});
