import {
  addConstantModel,
  EXTERNAL_DATA,
  externalDataModel,
  identityModel,
  wrongDomainModel,
} from '../../support/onnx-models.ts';
import { describeMain, runToEnd } from '../contract/main.ts';
import { modelFolder, startModel } from '../model-server.ts';
import { onnx, onnxFile } from '../onnx-runtime.ts';

describeMain(onnx);

describe('a model that does not load ends the server with code 1 and the reason in one line', () => {
  it.each([
    { says: 'com.example:Mystery', bytes: wrongDomainModel() },
    { says: 'Protobuf parsing failed', bytes: addConstantModel({ constant: 1 }).slice(0, 40) },
    { says: 'Protobuf parsing failed', bytes: Buffer.from('just some text') },
    { says: 'Unsupported data type: 16', bytes: identityModel({ datatype: 'BF16', shape: ['n'] }) },
    { says: 'weights.bin', bytes: externalDataModel('weights.bin') },
  ])('$says', async ({ says, bytes }) => {
    const end = await runToEnd(onnx, { ...(await onnxFile(bytes)), MODEL_NAME: 'm' });

    expect(end.code).toBe(1);
    expect(end.stderr).toContain(says);
    expect(end.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('a missing file', async () => {
    const end = await runToEnd(onnx, { MODEL_NAME: 'm', MODEL_PATH: '/nowhere/m.onnx' });

    expect(end.code).toBe(1);
    expect(end.stderr).toMatch(/^.*\/nowhere\/m\.onnx.*\n$/);
  });
});

it('loads weights that lie beside the model', async () => {
  const folder = await modelFolder({
    'model.onnx': externalDataModel('weights.bin'),
    'weights.bin': EXTERNAL_DATA,
  });
  const server = await startModel(onnx, { MODEL_PATH: `${folder}/model.onnx` });

  const { json } = await server.post('/invocations', { inputs: [0, 0, 0, 0] });

  expect(json).toEqual({ predictions: [1, 2, 3, 4] });
});
