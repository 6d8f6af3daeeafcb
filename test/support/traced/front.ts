import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen } from '#adapters/local/http/listen.ts';

/** A request that an AWS client signed and sent, and the status that it was answered with. */
export type AwsRequest = {
  readonly caller: string;
  /** The service as the signature names it. */
  readonly service: string;
  readonly method: string;
  readonly url: URL;
  /** The operation, where the protocol does not give it by method and path. */
  readonly operation: string;
  readonly body: string;
  readonly status: number;
};

/** Changes an answer on its way back. */
export type Amend = (request: AwsRequest, headers: Record<string, unknown>) => void;

export type TracedFront = {
  readonly requests: readonly AwsRequest[];
  /** An endpoint of AWS for one caller alone: that is how its requests are known. */
  endpointFor(caller: string): Promise<string>;
  close(): Promise<void>;
};

/** Notes every request to AWS with its caller, and hands it on. */
export function tracedFront(upstream: { readonly endpoint: string }, amend: Amend): TracedFront {
  const requests: AwsRequest[] = [];
  const servers: Server[] = [];

  async function pass(caller: string, asked: IncomingMessage, answer: ServerResponse) {
    const body = await buffer(asked);
    const given = await forward(upstream.endpoint, asked, body);
    const noted = note(caller, asked, body, given.statusCode ?? 502);
    requests.push(noted);
    const headers: Record<string, unknown> = { ...given.headers };
    amend(noted, headers);
    answer.writeHead(noted.status, headers as IncomingMessage['headers']);
    given.pipe(answer);
  }

  return {
    requests,
    async endpointFor(caller) {
      const server = createServer((asked, answer) => {
        pass(caller, asked, answer).catch((error: unknown) => answer.destroy(error as Error));
      });
      servers.push(server);
      return `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`;
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

async function forward(
  endpoint: string,
  { url = '', method = 'GET', headers }: IncomingMessage,
  body: Buffer,
) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(new URL(url, endpoint), { method, headers }, resolve).on('error', reject).end(body);
  return promise;
}

function note(caller: string, asked: IncomingMessage, body: Buffer, status: number): AwsRequest {
  const url = new URL(asked.url ?? '', 'http://aws');
  const text = body.toString();
  return {
    caller,
    url,
    status,
    body: text,
    method: asked.method ?? '',
    service: signedFor(asked, url),
    operation: operationOf(asked, url, text),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html: a presigned URL has its signature in the query. */
function signedFor({ headers }: IncomingMessage, url: URL): string {
  const signature = headers.authorization ?? url.searchParams.get('X-Amz-Credential') ?? '';
  return /\d{8}\/[^/]+\/([^/]+)\/aws4_request/.exec(signature)?.[1] ?? '';
}

/** The operation by the target of AWS's JSON protocols, the path of Smithy's RPC, or the query's Action. */
function operationOf({ headers }: IncomingMessage, { pathname }: URL, body: string): string {
  const target = String(headers['x-amz-target'] ?? '')
    .split('.')
    .at(-1);
  const named = target || /\/operation\/(\w+)$/.exec(pathname)?.[1];
  return named ?? /(?:^|&)Action=(\w+)/.exec(body)?.[1] ?? '';
}
