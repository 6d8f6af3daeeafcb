import { setTimeout as sleep } from 'node:timers/promises';
import type { invocationEvent } from '#adapters/aws/api/invocation-event.ts';

export type ProxyEvent = ReturnType<typeof invocationEvent>;
type Environment = Readonly<Record<string, string | undefined>>;

const TEXT = /^text|^application\/(?:json|javascript|xml|yaml)|\+(?:xml|yaml|json)$/;
const LOOK_PERIOD_MS = 10;

/** Waits until the server says that it is ready, as the Lambda Web Adapter does before it passes on the first event. */
export async function untilReady(
  origin: string,
  environment: Environment,
  isOver: () => boolean,
): Promise<void> {
  const isHealthy = inRanges(environment['AWS_LWA_READINESS_CHECK_HEALTHY_STATUS'] ?? '100-499');
  const path = environment['AWS_LWA_READINESS_CHECK_PATH'] ?? '/';
  while (!isOver()) {
    const status = await fetch(origin + path).then(
      (response) => response.status,
      () => 0,
    );
    if (isHealthy(status)) return;
    await sleep(LOOK_PERIOD_MS);
  }
}

/** One event as a request to the server, and its answer as a REST API wants it, whole or streamed; throws the error with which the adapter fails an invocation. A test compares it with the adapter itself. */
export async function adapt(
  event: ProxyEvent,
  origin: string,
  environment: Environment,
  signal: AbortSignal,
): Promise<object> {
  const response = await fetch(origin + pathBelow(event, environment), {
    method: event.httpMethod,
    headers: { ...event.headers, 'x-amzn-lambda-context': '{}' },
    body: bodyOf(event),
    signal,
  });
  const { status } = response;
  if (inRanges(environment['AWS_LWA_ERROR_STATUS_CODES'] ?? '')(status)) {
    throw new Error(`Request failed with configured error status code: ${status}`);
  }
  const bytes = Buffer.from(await response.arrayBuffer());
  if (environment['AWS_LWA_INVOKE_MODE'] === 'response_stream') return streamed(response, bytes);
  const type = response.headers.get('content-type')?.split(';')[0] ?? 'text';
  const isText = TEXT.test(type) && !response.headers.has('content-encoding');
  const headers = headersOf(response);
  return {
    statusCode: status,
    headers: {},
    multiValueHeaders: Object.fromEntries(headers.map(([name, value]) => [name, [value]])),
    body: bytes.toString(isText ? 'utf8' : 'base64'),
    isBase64Encoded: !isText,
  };
}

function headersOf({ headers }: Response): readonly (readonly [string, string])[] {
  return [...headers].filter(([name]) => name !== 'transfer-encoding');
}

/** Metadata, eight zeros, and the body as it is. */
function streamed(response: Response, body: Buffer): Buffer {
  const headers = Object.fromEntries(headersOf(response));
  const metadata = JSON.stringify({ statusCode: response.status, headers, cookies: [] });
  return Buffer.concat([Buffer.from(metadata), Buffer.alloc(8), body]);
}

function pathBelow(event: ProxyEvent, environment: Environment): string {
  const base = environment['AWS_LWA_REMOVE_BASE_PATH'];
  return base && event.path.startsWith(base) ? event.path.slice(base.length) : event.path;
}

function bodyOf({ body, isBase64Encoded }: ProxyEvent): Buffer | string | null {
  return body !== null && isBase64Encoded ? Buffer.from(body, 'base64') : body;
}

function inRanges(text: string): (status: number) => boolean {
  const ranges = text.split(',').map((range) => range.split('-').map(Number));
  return (status) =>
    ranges.some(([from = Number.NaN, to = from]) => from <= status && status <= to);
}
