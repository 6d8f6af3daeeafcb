import type { Config } from './config.ts';
import { findExample } from './example.ts';
import { inferResponse, type Model, metadataOf, readInferRequest } from './infer-protocol.ts';
import { invocationResponse, readInvocation } from './invocations.ts';
import { parseJson, parseJsonWithBigIntegers } from './json.ts';
import { openApiOf } from './openapi.ts';
import { refusal } from './refusal.ts';
import type { Session } from './session.ts';
import type { Signature } from './tensors.ts';

export const SERVER_NAME = 'slipway-onnx';
export const SERVER_VERSION = '0.1.0';

/** `text` reads the body; `signal` aborts when the client has gone. */
export type Call = { readonly text: () => Promise<string>; readonly signal: AbortSignal };

/** `json` is the body, written already. */
export type Reply = { readonly status: number; readonly json: string };

export type Route = {
  readonly method: 'GET' | 'POST';
  readonly answer: (call: Call) => Reply | Promise<Reply>;
};

/** Every path that the server answers. `loaded` is undefined until the model is. */
export function createRoutes(
  { name, version }: Config,
  loaded: () => Session | undefined,
): ReadonlyMap<string, Route> {
  const session = (): Session => {
    const ready = loaded();
    if (!ready) throw refusal(503, `the model ${name} is loading`);
    return ready;
  };
  const model = (): Model => ({ name, version, signature: session().signature });
  const ready = get(() => ok({ ready: session() !== undefined }));
  const server = get(() => ok({ name: SERVER_NAME, version: SERVER_VERSION, extensions: [] }));
  const paths = [`/v2/models/${name}`];
  if (version) paths.push(`/v2/models/${name}/versions/${version}`);
  return new Map<string, Route>([
    ['/ping', ready],
    ['/v2/health/live', get(() => ok({ live: true }))],
    ['/v2/health/ready', ready],
    ['/v2', server],
    ['/v2/', server],
    ...paths.flatMap((path): [string, Route][] => [
      [path, get(() => ok(metadataOf(model())))],
      [`${path}/ready`, ready],
      [`${path}/infer`, infer(model, session)],
    ]),
    ['/invocations', invocations(session)],
    ['/openapi.json', openApi(model, session)],
  ]);
}

function infer(model: () => Model, session: () => Session): Route {
  return post(async ({ text, signal }) => {
    const { signature, run } = session();
    const request = readInferRequest(parseFor(signature, await text()), signature);
    return written(inferResponse(model(), request.id, await run(request.run, signal)));
  });
}

function invocations(session: () => Session): Route {
  return post(async ({ text, signal }) => {
    const { signature, run } = session();
    const request = readInvocation(parseFor(signature, await text()), signature);
    return written(invocationResponse(await run(request, signal)));
  });
}

function openApi(model: () => Model, session: () => Session): Route {
  let document: Promise<unknown> | undefined;
  return get(async () => {
    document ??= findExample(session()).then((example) => openApiOf(model(), example));
    return ok(await document);
  });
}

function parseFor({ inputs }: Signature, text: string): unknown {
  const hasBigIntegers = inputs.some(({ datatype }) => /^U?INT64$/.test(datatype));
  return hasBigIntegers ? parseJsonWithBigIntegers(text) : parseJson(text);
}

function get(answer: Route['answer']): Route {
  return { method: 'GET', answer };
}

function post(answer: Route['answer']): Route {
  return { method: 'POST', answer };
}

function ok(body: unknown): Reply {
  return written(JSON.stringify(body));
}

function written(json: string): Reply {
  return { status: 200, json };
}
