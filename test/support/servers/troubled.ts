import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Returns true when it has answered the request itself. `nth` counts the inferences of this process, from 1. */
export type Trouble = (nth: number, response: ServerResponse) => boolean | Promise<boolean>;

const { Server: HttpServer } = process.getBuiltinModule('node:http');

type Emit = (this: Server, event: string, ...args: readonly unknown[]) => boolean;

/** The model server that ships, with a trouble before its inferences; health checks are spared. */
export async function troubled(trouble: Trouble): Promise<void> {
  const emit = HttpServer.prototype.emit as Emit;
  let inferences = 0;
  const troubledEmit: Emit = function (event, ...args) {
    const [request, response] = args as [IncomingMessage, ServerResponse];
    if (event !== 'request' || request.method !== 'POST') return emit.call(this, event, ...args);
    inferences += 1;
    void Promise.resolve(trouble(inferences, response)).then((isDone) => {
      if (!isDone) emit.call(this, event, ...args);
    });
    return true;
  };
  HttpServer.prototype.emit = troubledEmit;
  await import('../../../runtimes/onnx/main.ts');
}
