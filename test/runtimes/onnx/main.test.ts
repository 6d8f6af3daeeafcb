import {
  addConstantModel,
  EXTERNAL_DATA,
  externalDataModel,
  identityModel,
  wrongDomainModel,
} from '../../support/models/onnx.ts';
import { runToEnd } from '../contract/main.ts';
import { modelFolder, startModel, stopServers } from '../model-server.ts';
import { onnx, onnxFile } from '../onnx-runtime.ts';

afterAll(stopServers);

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

it('starts without the client for HTTP that Node has, which takes a third of a start to load', async () => {
  const says = 'console.error(process.moduleLoadList.filter((name) => name.includes("undici")))';
  const atExit = `data:text/javascript,process.on("exit", () => ${says})`;
  const [node, main] = onnx.command as [string, string];
  const runtime = { ...onnx, command: [node, '--import', atExit, main] as const };

  const { stderr } = await runToEnd(runtime, { MODEL_NAME: 'm', MODEL_PATH: '/nowhere/m.onnx' });

  expect(stderr).toContain('[]\n');
  expect(stderr).not.toContain('undici');
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

describe('a model that answers a hundred short requests, and then runs where they are read', () => {
  it('answers the same with every type of value', async () => {
    const server = await startModel(onnx, await onnx.models.columns());
    const body = {
      inputs: [
        { name: 'weight', datatype: 'FP32', shape: [2], data: [0.5, 2] },
        { name: 'pieces', datatype: 'INT64', shape: [2], data: [3, -1] },
        { name: 'name', datatype: 'BYTES', shape: [2], data: ['a', 'ü'] },
      ],
    };
    const answers = new Set<string>();

    for (let time = 0; time < 150; time += 1) {
      const { json } = await server.post('/v2/models/m/infer', body);
      answers.add(JSON.stringify(json));
    }

    expect([...answers].map((answer) => JSON.parse(answer))).toEqual([
      expect.objectContaining({
        outputs: [
          { name: 'total', datatype: 'FP32', shape: [2], data: [1.5, -2] },
          { name: 'label', datatype: 'BYTES', shape: [2], data: ['a', 'ü'] },
        ],
      }),
    ]);
  });

  it('says why the model refuses one', async () => {
    const server = await startModel(onnx, await onnx.models.width32Only());
    const refusals = new Set<string>();

    for (let time = 0; time < 150; time += 1) {
      const { status, json } = await server.post('/invocations', { inputs: [[1, 2, 3]] });
      refusals.add(`${status}: ${json.error}`);
    }

    expect(refusals.size).toBe(1);
    expect([...refusals][0]).toMatch(/^400: the model refused the inputs: .*MatMul/);
  });
});
