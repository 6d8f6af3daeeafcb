import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Clock } from '#ports/clock.ts';

/** The most that a request of MLflow has: it names a model, a version and an alias. */
const MOST_BYTES = 64 * 1024;
const TOLERANCE_SECONDS = 300;

/**
 * Whether MLflow's server sent this body with these headers, in the last five minutes: an HMAC over the delivery's id, its time and the body, with the secret that both sides share.
 * Source: `_generate_hmac_signature` in mlflow/webhooks/delivery.py.
 */
export function isFromMlflow(
  secret: string,
  headers: IncomingHttpHeaders,
  body: string,
  nowMs: number,
): boolean {
  const id = String(headers['x-mlflow-delivery-id'] ?? '');
  const timestamp = String(headers['x-mlflow-timestamp'] ?? '');
  if (!(Math.abs(nowMs / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) return false;
  const signed = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
  const wanted = Buffer.from(`v1,${signed}`);
  const given = Buffer.from(String(headers['x-mlflow-signature'] ?? ''));
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

type Options = {
  readonly port: number;
  readonly secret: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Called for each request of MLflow. Nothing of the request is handed on: the registry itself says what is so. */
  readonly onHint: () => void;
};

/** Listens on the loopback address for MLflow's webhooks. */
export async function receiveWebhooks({ port, secret, clock, onHint }: Options) {
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.setEncoding('utf8');
    for await (const text of request) {
      body += text;
      if (body.length > MOST_BYTES) return void response.writeHead(413).end();
    }
    const isTheirs =
      request.method === 'POST' && isFromMlflow(secret, request.headers, body, clock.now());
    if (isTheirs) onHint();
    response.writeHead(isTheirs ? 204 : 401).end();
  };
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    // A sender that hangs up in the middle has sent nothing.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const taken = typeof address === 'object' && address ? address.port : port;
  return {
    port: taken,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
