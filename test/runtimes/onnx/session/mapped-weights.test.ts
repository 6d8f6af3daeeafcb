import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withMappedWeights } from '../../../../runtimes/onnx/session/mapped-weights.ts';
import { addConstantModel } from '../../../support/models/onnx.ts';
import { floats, type Message, model, raw, tensor } from '../../../support/models/onnx-graph.ts';
import { modelFolder, startModel, stopServers } from '../../model-server.ts';
import { onnx, onnxFile } from '../../onnx-runtime.ts';

afterAll(stopServers);

const ROWS = 20_000;
const WIDTH = 64;
// Whole numbers below 1,000, which a sum of 64 of them keeps exactly.
const TABLE = Float32Array.from({ length: ROWS * WIDTH }, (_, at) => at % 997);
const sumOf = (row: number) =>
  TABLE.slice(row * WIDTH, (row + 1) * WIDTH).reduce((sum, each) => sum + each, 0);

/** Looks rows of a table of 5 MB up, the first of `weights`, and adds the numbers of each with a product. */
function tableModel(name: string, ...weights: readonly Message[]): Uint8Array {
  return model({
    inputs: [{ name: 'row', datatype: 'INT64', shape: ['n'] }],
    outputs: [{ name: 'sum', datatype: 'FP32', shape: ['n', 1] }],
    nodes: [
      { op: 'Gather', inputs: [name, 'row'], outputs: ['found'] },
      { op: 'MatMul', inputs: ['found', 'ones'], outputs: ['sum'] },
    ],
    initializers: [...weights, floats('ones', [WIDTH, 1], Array(WIDTH).fill(1))],
  });
}

const tableOf = (name: string, ...values: Message) =>
  tensor(name, 'FP32', [ROWS, WIDTH], ...values);
const asked = {
  inputs: [{ name: 'row', datatype: 'INT64', shape: [3], data: [0, 7, ROWS - 1] }],
};
const SUMS = [0, 7, ROWS - 1].map(sumOf);

describe('the weights of a large model', () => {
  // In one model of four the weights begin at an aligned place, as a number would.
  it.each(['t', 'ta', 'tab', 'tabl'])(
    'are mapped from its file, wherever in it they lie: %s',
    async (name) => {
      const file = await onnxFile(tableModel(name, tableOf(name, [9, raw(TABLE)])));
      const server = await startModel(onnx, file);

      const answer = await server.post('/v2/models/m/infer', asked);

      expect(answer.json.outputs[0].data).toEqual(SUMS);
      const maps = `/proc/${server.child.pid}/maps`;
      if (existsSync(maps)) expect(readFileSync(maps, 'utf8')).toContain(file['MODEL_PATH']);
    },
  );

  it('are left out of what onnxruntime reads itself', async () => {
    const file = await onnxFile(tableModel('table', tableOf('table', [9, raw(TABLE)])));

    expect(withMappedWeights(file['MODEL_PATH'] ?? '')?.length).toBeLessThan(1_000);
  });

  it('may lie in a file beside it as well', async () => {
    const beside = tableOf('table', ...external('table.bin'));
    const own = tableOf('unused', [9, raw(TABLE)]);
    const folder = await modelFolder({
      'model.onnx': tableModel('table', beside, own),
      'table.bin': raw(TABLE),
    });
    const server = await startModel(onnx, { MODEL_PATH: join(folder, 'model.onnx') });

    const answer = await server.post('/v2/models/m/infer', asked);

    expect(answer.json.outputs[0].data).toEqual(SUMS);
  });

  it('are read as ever where they are no raw bytes', async () => {
    const numbers = tableOf('table', [4, raw(TABLE)]);
    const file = await onnxFile(tableModel('table', numbers));
    const server = await startModel(onnx, file);

    const answer = await server.post('/v2/models/m/infer', asked);

    expect(withMappedWeights(file['MODEL_PATH'] ?? '')).toBeUndefined();
    expect(answer.json.outputs[0].data).toEqual(SUMS);
  });

  it("say why they cannot be loaded in onnxruntime's words, where the file is cut off", async () => {
    const whole = tableModel('table', tableOf('table', [9, raw(TABLE)]));
    const file = await onnxFile(whole.subarray(0, whole.length - 100));

    await expect(startModel(onnx, file)).rejects.toThrow(/Protobuf parsing failed/);
  });

  it('are of a small model not worth it', async () => {
    const file = await onnxFile(addConstantModel({ constant: 2 }));

    expect(withMappedWeights(file['MODEL_PATH'] ?? '')).toBeUndefined();
  });
});

function external(location: string): Message {
  const entry = (key: string, value: string): Message => [
    [1, key],
    [2, value],
  ];
  return [
    [13, entry('location', location)],
    [14, 1],
  ];
}
