import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen } from '#adapters/local/http/listen.ts';

export type EcrLayersFront = {
  readonly endpoint: string;
  /** The server that gets every request that this front does not answer itself. */
  standBefore(upstream: { readonly endpoint: string }): void;
  /** The bytes of a layer can be had from now on. */
  keep(digest: string, bytes: Uint8Array): void;
  /** The digests of the layers that were read, oldest first. */
  readonly read: readonly string[];
  /** Each request by its operation, or its method and path, oldest first. */
  readonly asked: readonly string[];
  close(): Promise<void>;
};

const ASKS = 'AmazonEC2ContainerRegistry_V20150921.GetDownloadUrlForLayer';

/** Stands in front of moto, which takes layers and checks their digests, but does not return their bytes. */
export async function startEcrLayersFront(): Promise<EcrLayersFront> {
  const layers = new Map<string, Uint8Array>();
  const read: string[] = [];
  const asks: string[] = [];
  let upstream = '';

  const server = createServer((asked, answer) => {
    serve(asked, answer).catch((error: unknown) => {
      if (!answer.headersSent) answer.writeHead(500);
      answer.end(String(error));
    });
  });

  async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const [, wanted] = /^\/layers\/(.+)$/.exec(asked.url ?? '') ?? [];
    if (wanted !== undefined) {
      read.push(wanted);
      const bytes = layers.get(wanted);
      answer.writeHead(bytes ? 200 : 404).end(bytes);
      return;
    }
    const body = await buffer(asked);
    asks.push(nameOf(asked));
    if (asked.headers['x-amz-target'] !== ASKS) return forward(asked, answer, body, upstream);
    const { layerDigest } = JSON.parse(String(body));
    answer.setHeader('content-type', 'application/x-amz-json-1.1');
    answer.end(JSON.stringify({ layerDigest, downloadUrl: `${endpoint}/layers/${layerDigest}` }));
  }

  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    read,
    asked: asks,
    standBefore({ endpoint: before }) {
      upstream = before;
    },
    keep: (digest, bytes) => void layers.set(digest, bytes),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function nameOf({ headers, method, url }: IncomingMessage): string {
  return String(headers['x-amz-target'] ?? `${method} ${url?.split('?')[0]}`);
}

function forward(
  { method = 'GET', headers, url = '' }: IncomingMessage,
  answer: ServerResponse,
  body: Buffer,
  upstream: string,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  request(new URL(url, upstream), { method, headers }, (given) => {
    answer.writeHead(given.statusCode ?? 502, given.headers);
    given.pipe(answer).on('finish', resolve);
  })
    .on('error', reject)
    .end(body);
  return promise;
}
