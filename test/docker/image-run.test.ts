import type { BuiltImage } from '#domain/image.ts';
import { eventually } from '../support/eventually.ts';
import { addConstantModel } from '../support/onnx-models.ts';
import {
  type Container,
  docker,
  EMULATOR,
  LAMBDA_USER,
  removeContainers,
  startContainer,
} from './docker.ts';
import { type ImageWorld, openImageWorld, say, timed } from './image-world.ts';

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
    say(`a container is ready ${sinceMs(container)} ms after its start`);
    const answer = await fetch(`${origin}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [1, 2] }),
    });
    return answer.json();
  }

  it('answers REST API events with the right prediction when it runs as Lambda runs it', async () => {
    const environment = {
      AWS_LWA_PORT: '8080',
      AWS_LWA_READINESS_CHECK_PATH: '/ping',
      AWS_LWA_READINESS_CHECK_HEALTHY_STATUS: '200-399',
      AWS_LWA_ERROR_STATUS_CODES: '500-599',
      AWS_LWA_INVOKE_MODE: 'buffered',
      AWS_LWA_ASYNC_INIT: 'true',
      AWS_LWA_REMOVE_BASE_PATH: '/models/digits',
    };
    const container = await startContainer([
      ...['--publish', '127.0.0.1::9000', '--user', LAMBDA_USER],
      ...['--volume', `${EMULATOR}:/rie:ro`, '--entrypoint', '/rie'],
      ...MODEL,
      ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...[world.byDigest(image), '--runtime-interface-emulator-address', '0.0.0.0:9000'],
      ...['/usr/local/bin/node', '/opt/runtime/main.js'],
    ]);
    const url = `${await container.origin(9000)}/2015-03-31/functions/function/invocations`;
    const invokeWith = async (inputs: unknown) => {
      const event = JSON.stringify(restEvent(JSON.stringify({ inputs })));
      const answer = await fetch(url, { method: 'POST', body: event });
      return JSON.parse(await answer.text());
    };

    const first = await eventually(() => invokeWith([1, 2]).catch(() => undefined));
    say(`as on Lambda, the first answer comes ${sinceMs(container)} ms after the start`);
    const second = await timed('the second answer', () => invokeWith([5]));
    const refused = await invokeWith(['five']);

    expect(first).toMatchObject({ statusCode: 200, isBase64Encoded: false });
    expect(JSON.parse(first.body)).toEqual({ predictions: [2, 3] });
    expect(JSON.parse(second.body)).toEqual({ predictions: [6] });
    expect(first.multiValueHeaders['x-slipway-revision']).toEqual(['digits-v1']);
    expect(refused.statusCode).toBe(400);
  });

  it('answers with the right prediction as a plain container, and ends when asked to', async () => {
    const container = await serve(world.byDigest(image));

    expect(await invoke(container)).toEqual({ predictions: [2, 3] });

    await docker('kill', '--signal', 'TERM', container.id);
    expect(await container.ended()).toBe(0);
  });

  it('ends with the reason when the model’s bytes are broken', async () => {
    const broken = await world.build('broken-1', { 'model.onnx': plusOne.slice(0, -20) });
    const container = await serve(world.byDigest(broken));

    expect(await container.ended()).toBe(1);
    expect(await container.logs()).toMatch(/model\.onnx failed.*[Pp]rotobuf/);
  });

  it('stays in the engine when there is no repository', async () => {
    const local = await timed('a build without a repository', () =>
      world.build('digits-2', { 'model.onnx': plusTwo }, { REPOSITORY: '' }),
    );
    const again = await world.build('digits-2', { 'model.onnx': plusTwo }, { REPOSITORY: '' });

    const id = await docker('image', 'inspect', '--format', '{{.Id}}', 'slipway/digits-2');
    expect(local.digest).toBe(id);
    expect(local.compressedBytes).toBeGreaterThan(image.compressedBytes * 0.9);
    expect(again.digest).toBe(local.digest);
    expect(await invoke(await serve(local.digest))).toEqual({ predictions: [3, 4] });
  });
});

function restEvent(body: string) {
  const path = '/models/digits/invocations';
  return {
    resource: '/models/digits/{proxy+}',
    path,
    httpMethod: 'POST',
    headers: { 'content-type': 'application/json', Host: 'api.example.com' },
    multiValueHeaders: { 'content-type': ['application/json'], Host: ['api.example.com'] },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: 'invocations' },
    stageVariables: null,
    requestContext: {
      accountId: '111122223333',
      apiId: 'a1b2c3d4e5',
      httpMethod: 'POST',
      path: `/prod${path}`,
      stage: 'prod',
      resourcePath: '/models/digits/{proxy+}',
      resourceId: 'abc123',
      requestId: crypto.randomUUID(),
      protocol: 'HTTP/1.1',
      identity: { sourceIp: '192.0.2.1', userAgent: 'curl' },
    },
    body,
    isBase64Encoded: false,
  };
}

function sinceMs({ startedMs }: Container): number {
  return Math.round(performance.now() - startedMs);
}
