import type { BuiltImage } from '#domain/build/image.ts';
import { eventually } from '../support/clock/eventually.ts';
import { addConstantModel, EXTERNAL_DATA, externalDataModel } from '../support/models/onnx.ts';
import { type Container, docker, removeContainers, startContainer } from './docker.ts';
import { emulatedLambda } from './emulated-lambda.ts';
import { type ImageWorld, ONNX, openImageWorld } from './image-world.ts';

const plusOne = addConstantModel({ constant: 1 });
const plusTwo = addConstantModel({ constant: 2 });

const MODEL = Object.entries({
  MODEL_PATH: '/opt/model/model.onnx',
  MODEL_NAME: 'digits',
  MODEL_VERSION: '1',
  SLIPWAY_REVISION: 'digits-v1',
}).flatMap(([name, value]) => ['--env', `${name}=${value}`]);

describe('the image of an ONNX model', () => {
  let world: ImageWorld;
  let image: BuiltImage;
  beforeAll(async () => {
    world = await openImageWorld();
    image = await world.build('digits-1', { 'model.onnx': plusOne });
  });
  afterEach(removeContainers);
  afterAll(() => world.close());

  const serve = (name: string) => startContainer(['--publish', '127.0.0.1::8080', ...MODEL, name]);

  async function invoke(container: Container): Promise<unknown> {
    const origin = await container.origin(8080);
    await eventually(() =>
      fetch(`${origin}/ping`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const answer = await fetch(`${origin}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [1, 2] }),
    });
    return answer.json();
  }

  it('answers REST API events with the right prediction when it runs as Lambda runs it', async () => {
    const reference = world.byDigest(image);
    const lambda = await emulatedLambda(reference, { name: 'digits', modelFile: 'model.onnx' });
    const invokeWith = (inputs: unknown) => lambda.post('invocations', { inputs });

    const first = await invokeWith([1, 2]);
    const second = await invokeWith([5]);
    const refused = await invokeWith(['five']);

    expect(first).toMatchObject({ statusCode: 200, isBase64Encoded: false });
    expect(JSON.parse(first.body)).toEqual({ predictions: [2, 3] });
    expect(JSON.parse(second.body)).toEqual({ predictions: [6] });
    expect(first.multiValueHeaders['x-slipway-revision']).toEqual(['digits-v1']);
    expect(refused.statusCode).toBe(400);
  });

  it('holds the data that lies beside its model, by which it answers as Lambda runs it', async () => {
    const data = 'model.onnx.data';
    const files = { 'model.onnx': externalDataModel(data), [data]: EXTERNAL_DATA };
    const beside = world.byDigest(await world.build('beside-1', files));
    const lambda = await emulatedLambda(beside, { name: 'digits', modelFile: 'model.onnx' });

    const { body } = await lambda.post('invocations', { inputs: [0, 0, 0, 1] });

    expect(JSON.parse(body)).toEqual({ predictions: [1, 2, 3, 5] });
  });

  it('answers with the right prediction as a plain container, and ends when asked to', async () => {
    const container = await serve(world.byDigest(image));

    expect(await invoke(container)).toEqual({ predictions: [2, 3] });

    await docker('kill', '--signal', 'TERM', container.id);
    expect(await container.ended()).toBe(0);
  });

  it('stays in the engine when there is no repository', async () => {
    const here = { REPOSITORY: '', ENVIRONMENTS: '' };
    await world.runEnvironments([ONNX], here);
    const local = await world.build('digits-2', { 'model.onnx': plusTwo }, here);
    const again = await world.build('digits-2', { 'model.onnx': plusTwo }, here);

    const id = await docker('image', 'inspect', '--format', '{{.Id}}', 'slipway/digits-2');
    expect(local.digest).toBe(id);
    expect(local.compressedBytes).toBe(local.uncompressedBytes);
    expect(again.digest).toBe(local.digest);
    expect(await invoke(await serve(local.digest))).toEqual({ predictions: [3, 4] });
  });
});
