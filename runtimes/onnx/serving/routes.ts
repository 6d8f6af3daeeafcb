import type { Config } from '../config.ts';
import { isImages } from '../images/model.ts';
import { imagesReply } from '../images/routes.ts';
import { isLanguage } from '../language/model.ts';
import { inferenceReply, openAiRoutes } from '../language/routes.ts';
import { describeItself } from '../protocols/about.ts';
import { splitBody, tailOf } from '../protocols/binary.ts';
import {
  type InferRequest,
  inferResponse,
  type Model,
  metadataOf,
  readInferRequest,
  readRawRequest,
} from '../protocols/infer-protocol.ts';
import {
  invocationResponse,
  isTable,
  readCsvInvocation,
  readInvocation,
  responseByRow,
} from '../protocols/invocations.ts';
import { PAGE, wantsPage } from '../protocols/page.ts';
import { asScored, linesOf } from '../protocols/written-as.ts';
import { refusal } from '../refusal.ts';
import type { Session } from '../session/session.ts';
import { csvHeader, csvOf, wantsCsv } from '../tables/csv-answer.ts';
import { notFinite, warningOf } from '../tables/rows.ts';
import { declaredHeader } from '../tables/table-csv.ts';
import { parseJson, parseJsonWithBigIntegers } from '../values/json.ts';
import { withoutNumbers } from '../values/tensor-json.ts';
import type { Signature, Tensor } from '../values/tensors.ts';
import { worded } from '../worded.ts';
import { JSON_LINES, textOf } from './body.ts';
import type { Call, Reply, Route } from './route.ts';

export const SERVER_NAME = 'slipway-onnx';
export const SERVER_VERSION = '0.1.0';

const JSON_LENGTH = 'inference-header-content-length';

/** Every path that the server answers. `loaded` returns undefined until the model is loaded. */
export function createRoutes(
  { name, version, extraColumns, mlflowVersion, aliases, example }: Config,
  loaded: () => Session | undefined,
): ReadonlyMap<string, Route> {
  const session = (): Session => {
    const ready = loaded();
    if (!ready) throw refusal(503, worded('loading', name));
    return ready;
  };
  const model = (): Model => ({ name, version, signature: session().signature });
  const ready = get(() => ok({ ready: session() !== undefined }));
  const server = get(() =>
    ok({ name: SERVER_NAME, version: SERVER_VERSION, extensions: ['binary_tensor_data'] }),
  );
  const self = describeItself(() => ({ ...session(), ...model() }), example);
  const about = get(async ({ header }) => {
    if (!wantsPage(header('accept')))
      return { ...ok(await self.about(header)), headers: { vary: 'accept' } };
    return { status: 200, body: PAGE.html, headers: PAGE.headers };
  });
  const rows = invocations(session, extraColumns);
  const paths = [`/v2/models/${name}`];
  if (version) paths.push(`/v2/models/${name}/versions/${version}`);
  return new Map<string, Route>([
    ['/ping', ready],
    // MLflow's server uses this name too.
    ['/health', ready],
    ...(mlflowVersion ? [['/version', get(() => plain(mlflowVersion))] as const] : []),
    ['/v2/health/live', get(() => ok({ live: true }))],
    ['/v2/health/ready', ready],
    ['/v2', server],
    ['/v2/', server],
    ...paths.flatMap((path): [string, Route][] => [
      [path, get(() => ok(metadataOf(model())))],
      [`${path}/ready`, ready],
      [`${path}/infer`, infer(model, session)],
    ]),
    ['/invocations', rows],
    // Clients of SageMaker's runtime and of MLflow's deployments call this path.
    [`/endpoints/${name}/invocations`, rows],
    [`/v1/models/${name}:predict`, predict(session, extraColumns)],
    [`/v1/models/${name}`, get(() => ok({ name, ready: session() !== undefined }))],
    ...openAiRoutes({ name, aliases }, session, loaded),
    ['/', about],
    ['/docs', about],
    ['/openapi.json', get(async () => ok(await self.openApi()))],
    ['/example.json', get(async () => ok(await self.example()))],
  ]);
}

function infer(model: () => Model, session: () => Session): Route {
  return post(async (call) => {
    const { signature, run } = session();
    const request = await inferRequest(call, signature);
    const outputs = await run(request.run, call.isGone);
    const { body, jsonBytes } = inferResponse(model(), request, outputs);
    if (jsonBytes !== undefined) return binary(body, jsonBytes);
    return { ...written(body), headers: warningOf(null, infiniteIn(outputs)) };
  });
}

async function inferRequest(call: Call, signature: Signature): Promise<InferRequest> {
  const header = call.header(JSON_LENGTH);
  if (header === undefined) call.type();
  const body = await call.body();
  if (header === undefined) return readInferRequest(parseFor(signature, body), signature);
  const [json, tail] = splitBody(header, body);
  return json.length === 0
    ? readRawRequest(tail, signature)
    : readInferRequest(parseFor(signature, json), signature, tailOf(tail));
}

function invocations(session: () => Session, extraColumns: Config['extraColumns']): Route {
  return post(async (call) => {
    const accept = call.header('accept') ?? '';
    const ready = session();
    const { reply, call: left } = await ownReply(call, ready);
    if (reply) return reply;
    const { outputs, isByRow, ignored } = await invoked(left, ready, extraColumns);
    if (wantsCsv(accept)) return csv(outputs, accept, warningOf(ignored));
    const body = isByRow ? responseByRow(outputs) : invocationResponse(outputs);
    return { ...written(body), headers: warningOf(ignored, infiniteIn(outputs)) };
  });
}

/** The answer of a model over texts or images to a body in its own protocol; else the call, which still has its body. */
async function ownReply(
  call: Call,
  ready: Session,
): Promise<{ readonly reply: Reply | undefined; readonly call: Call }> {
  if (isLanguage(ready)) return inferenceReply(call, ready.language);
  return isImages(ready) ? imagesReply(call, ready.images) : { reply: undefined, call };
}

/** KServe's V1 protocol: JSON, answered by row. */
function predict(session: () => Session, extraColumns: Config['extraColumns']): Route {
  return post(async (call) => {
    const { outputs, ignored } = await invoked(call, session(), extraColumns);
    const headers = warningOf(ignored, infiniteIn(outputs));
    return { ...written(responseByRow(outputs)), headers };
  });
}

/** The names of outputs with values that JSON cannot write as numbers; the first time, they are also logged. */
const infiniteIn = (() => {
  let isLogged = false;
  return (outputs: readonly Tensor[]): readonly string[] => {
    const names = withoutNumbers(outputs).map(({ name }) => name);
    if (names.length > 0 && !isLogged) console.error(`${notFinite(names)} (logged once)`);
    isLogged ||= names.length > 0;
    return names;
  };
})();

type Invoked = {
  readonly outputs: readonly Tensor[];
  readonly isByRow: boolean;
  readonly ignored: ReadonlySet<string> | null;
};

async function invoked(
  { type, header, body, isGone }: Call,
  { signature, run }: Session,
  extraColumns: Config['extraColumns'],
): Promise<Invoked> {
  const ignored = extraColumns === 'refuse' ? null : new Set<string>();
  const essence = type('text/csv', JSON_LINES);
  const isCsv = essence === 'text/csv';
  const bytes = await body();
  const json = isCsv ? undefined : scored(signature, bytes, essence === JSON_LINES);
  const request = isCsv
    ? readCsvInvocation(textOf(bytes), signature, ignored, declaredHeader(header('content-type')))
    : readInvocation(json, signature, ignored);
  const outputs = await run(request, isGone);
  return { outputs, isByRow: isCsv || isTable(json), ignored };
}

function scored(signature: Signature, bytes: Uint8Array, isLines: boolean): unknown {
  if (isLines) return linesOf(textOf(bytes), parserFor(signature));
  return asScored(parseFor(signature, bytes), signature);
}

function parseFor(signature: Signature, bytes: Uint8Array): unknown {
  return parserFor(signature)(textOf(bytes));
}

function parserFor({ inputs }: Signature): typeof parseJson {
  const hasBigIntegers = inputs.some(({ datatype }) => /^U?INT64$/.test(datatype));
  return hasBigIntegers ? parseJsonWithBigIntegers : parseJson;
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

function written(body: string | Uint8Array): Reply {
  return { status: 200, body };
}

function plain(body: string): Reply {
  return { ...written(body), headers: { 'content-type': 'text/plain' } };
}

function csv(outputs: readonly Tensor[], accept: string, headers: Reply['headers']): Reply {
  const header = csvHeader(accept);
  const type = `text/csv; charset=utf-8; header=${header}`;
  return {
    status: 200,
    body: csvOf(outputs, header),
    headers: { 'content-type': type, ...headers },
  };
}

function binary(body: string | Uint8Array, jsonBytes: number): Reply {
  const headers = { 'content-type': 'application/octet-stream', [JSON_LENGTH]: jsonBytes };
  return { status: 200, body, headers };
}
