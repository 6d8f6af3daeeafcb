import { readResponse } from '#adapters/aws/api/invocation-event.ts';
import { RUNTIMES, type ServerPlace } from '#domain/build/runtime.ts';
import { eventually } from '../support/clock/eventually.ts';
import { restEvent } from '../support/lambda/rest-event.ts';
import { type Container, docker, EMULATOR, LAMBDA_USER, startContainer } from './docker.ts';

// The variables that the Lambda platform sets.
const ADAPTER = {
  AWS_LWA_READINESS_CHECK_HEALTHY_STATUS: '200-399',
  AWS_LWA_ASYNC_INIT: 'true',
};

export type Answer = {
  readonly statusCode: number;
  readonly body: string;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
};

export type EmulatedLambda = {
  readonly container: Container;
  /** The answer to a POST through API Gateway. */
  post(path: string, body: unknown): Promise<Answer>;
};

type Served = {
  readonly name: string;
  readonly modelFile: string;
  readonly server?: Pick<ServerPlace, 'port' | 'healthPath'>;
  /** Whether it answers as its server writes. */
  readonly isStreaming?: boolean;
};

/** The function of a model, as Lambda runs it: by its emulator, as a user that the image does not know, within Lambda's limits. Resolves when its model is loaded. */
export async function emulatedLambda(
  image: string,
  { name, modelFile, server = RUNTIMES.onnx.server, isStreaming = false }: Served,
): Promise<EmulatedLambda> {
  const format = ['--format', '{{json .Config}}'];
  const { Entrypoint, Cmd } = JSON.parse(
    await docker('image', 'inspect', ...format, image).catch(async () => {
      await docker('pull', '--quiet', image);
      return docker('image', 'inspect', ...format, image);
    }),
  );
  const environment = {
    ...ADAPTER,
    AWS_LWA_INVOKE_MODE: isStreaming ? 'response_stream' : 'buffered',
    AWS_LWA_PORT: String(server.port),
    AWS_LWA_READINESS_CHECK_PATH: server.healthPath,
    AWS_LWA_REMOVE_BASE_PATH: `/models/${name}`,
    MODEL_PATH: `/opt/model/${modelFile}`,
    MODEL_NAME: name,
    MODEL_VERSION: '1',
    SLIPWAY_REVISION: `${name}-v1`,
  };
  const container = await startContainer([
    ...['--publish', '127.0.0.1::9000', '--user', LAMBDA_USER],
    ...['--volume', `${EMULATOR}:/rie:ro`, '--entrypoint', '/rie'],
    ...Object.entries(environment).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...[image, '--runtime-interface-emulator-address', '0.0.0.0:9000'],
    ...[...(Entrypoint ?? []), ...(Cmd ?? [])],
  ]);
  const url = `${await container.origin(9000)}/2015-03-31/functions/function/invocations`;
  const post = async (path: string, body: unknown): Promise<Answer> => {
    const event = JSON.stringify(restEvent(name, path, JSON.stringify(body)));
    const answer = await fetch(url, { method: 'POST', body: event });
    return answerOf(await answer.text(), isStreaming);
  };
  await eventually(() =>
    post('ping', {}).then(
      ({ statusCode }) => statusCode !== undefined && statusCode !== 503,
      () => false,
    ),
  );
  return { container, post };
}

/** The emulator waits for a streamed answer, and gives all of it. */
function answerOf(text: string, isStreaming: boolean): Answer {
  if (!isStreaming) return JSON.parse(text);
  const { status = 0, headers = {}, body = '' } = readResponse(text) ?? {};
  const multiValueHeaders = Object.fromEntries(
    Object.entries(headers).map(([header, value]) => [header, [value]]),
  );
  return { statusCode: status, body, multiValueHeaders };
}
