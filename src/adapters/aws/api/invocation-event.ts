import * as z from 'zod/mini';
import { modelRoute } from '#adapters/aws/api/model-api.ts';
import { parseJson } from '#domain/parse-json.ts';
import type { SentBody } from '#domain/rollout/golden-request.ts';
import { PROBE_ID } from '#ports/prober.ts';

/** A request to a model's server; `path` is below the model's route. */
export type ModelRequest = {
  readonly model: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly sent?: SentBody;
};

export type ModelResponse = {
  readonly status: number;
  /** The keys are lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/**
 * The event that a REST API's stage `stage` sends a function for a request.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
 */
export function invocationEvent(stage: string, { model, method, path, sent }: ModelRequest) {
  const route = modelRoute(model);
  const headers = {
    'content-type': sent?.contentType ?? 'application/json',
    'user-agent': 'slipway-probe',
    'x-request-id': PROBE_ID,
  };
  const resource = `${route}/{proxy+}`;
  return {
    resource,
    path: route + path,
    httpMethod: method,
    headers,
    multiValueHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, [value]]),
    ),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      resourcePath: resource,
      httpMethod: method,
      // Only this path includes the stage.
      path: `/${stage}${route}${path}`,
      protocol: 'HTTP/1.1',
      stage,
      requestId: crypto.randomUUID(),
      identity: { sourceIp: '127.0.0.1', userAgent: 'slipway-probe' },
    },
    body: sent?.body ?? null,
    isBase64Encoded: sent?.isBase64 ?? false,
  };
}

const proxyResponse = z.object({
  statusCode: z.int().check(z.minimum(100), z.maximum(599)),
  headers: z.nullish(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  multiValueHeaders: z.nullish(z.record(z.string(), z.array(z.string()))),
  body: z.nullish(z.string()),
  isBase64Encoded: z.nullish(z.boolean()),
});

// A streamed answer begins with its metadata and these.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
const DELIMITER = '\0'.repeat(8);

/** A function's response as a REST API would pass it on, whole or as it is streamed; undefined when the API would reject it as malformed. */
export function readResponse(payload: string): ModelResponse | undefined {
  const end = payload.indexOf(DELIMITER);
  const metadata = end < 0 ? payload : payload.slice(0, end);
  const { data } = proxyResponse.safeParse(parseJson(metadata));
  if (!data) return undefined;
  const body = end < 0 ? (data.body ?? '') : payload.slice(end + DELIMITER.length);
  return {
    status: data.statusCode,
    headers: Object.fromEntries([
      ...Object.entries(data.multiValueHeaders ?? {}).map(([name, values]) => [
        name.toLowerCase(),
        values.join(', '),
      ]),
      ...Object.entries(data.headers ?? {}).map(([name, value]) => [
        name.toLowerCase(),
        String(value),
      ]),
    ]),
    body: data.isBase64Encoded ? Buffer.from(body, 'base64').toString() : body,
  };
}

const functionError = z.object({ errorMessage: z.string(), errorType: z.optional(z.string()) });

/** The error message of a failed function, with the error's type if that is a name. */
export function readFunctionError(payload: string): string {
  const { data } = functionError.safeParse(parseJson(payload));
  if (!data) return payload;
  // The web adapter's own errors have Rust types.
  const isName = /^[A-Z][\w.]+$/.test(data.errorType ?? '');
  const said = serverError(data.errorMessage) ?? data.errorMessage;
  return isName ? `${said} (${data.errorType})` : said;
}

const refused = z.object({ statusCode: z.int(), body: z.string() });

/** For a response that counts as an error, the web adapter (from 1.0) reports status and body as JSON. https://github.com/aws/aws-lambda-web-adapter/blob/main/src/lib.rs */
function serverError(message: string): string | undefined {
  const { data } = refused.safeParse(parseJson(message));
  return data && `status code: ${data.statusCode}: ${data.body}`;
}
