import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Environment, ModelServer } from './model-sandbox.ts';

/** A model server in the test's own process, for a front whose servers do not matter; `answer` may look at its environment. */
export function scriptedServer(
  answer: (environment: Environment) => RequestListener,
): (environment: Environment) => ModelServer {
  return (environment) => {
    const server = createServer((request, response) => {
      response.setHeader('x-slipway-revision', String(environment['SLIPWAY_REVISION']));
      answer(environment)(request, response);
    });
    const origin = new Promise<string>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
      });
    });
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    return {
      origin,
      ended,
      async stop() {
        server.close();
        server.closeAllConnections();
        end('signal: SIGKILL');
      },
    };
  };
}
