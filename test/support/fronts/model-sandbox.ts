import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { CHANNEL_FD, modelChannel } from '#adapters/local/servers/model-channel.ts';
import { COMPILED } from '../slipway/compiled.ts';
import { adapt, type ProxyEvent, untilReady } from './web-adapter.ts';

export type Environment = Readonly<Record<string, string>>;

/** A running model server. `ended` is the reason for its end. */
export type ModelServer = {
  readonly origin: Promise<string>;
  readonly ended: Promise<string>;
  stop(): Promise<void>;
};

/** Starts the server of a published version, by the version's environment; `say` gets each line that it writes. */
export type StartServer = (environment: Environment, say: (line: string) => void) => ModelServer;

export type SandboxError = { readonly errorType: string; readonly errorMessage: string };

// The web adapter is written in Rust.
const ADAPTER_ERROR =
  '&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + core::marker::Sync>';

export const ONNX_SERVER = fileURLToPath(
  new URL('../../../runtimes/onnx/main.ts', import.meta.url),
);

/** Starts servers as child processes; `modelFile` gives the path of an image's model. */
export function childServers(
  modelFile: (digest: string) => string,
  entry: string = ONNX_SERVER,
): StartServer {
  return (environment, say) => {
    const scratch = mkdtempSync(join(tmpdir(), 'slipway-sandbox-'));
    const child = spawn(process.execPath, [entry], {
      env: {
        ...environment,
        ...COMPILED,
        PATH: process.env['PATH'],
        HOME: scratch,
        HOST: '127.0.0.1',
        PORT: '0',
        CHANNEL_FD: String(CHANNEL_FD),
        MODEL_PATH: modelFile(String(environment['SLIPWAY_IMAGE'])),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const outputs = [child.stdout, child.stderr].map((output) => {
      const lines = createInterface({ input: output as Readable });
      lines.on('line', say);
      return once(lines, 'close');
    });
    const origin = new Promise<string>((resolve) => {
      modelChannel(child).onMessage((message) => {
        if ('listening' in message) resolve(`http://127.0.0.1:${message.listening}`);
      });
    });
    const ended = once(child, 'exit').then(async ([code, signal]) => {
      await Promise.all(outputs);
      rmSync(scratch, { recursive: true, force: true });
      return code === null ? `signal: ${signal}` : `exit status ${code}`;
    });
    return {
      origin,
      ended,
      async stop() {
        child.kill('SIGKILL');
        await ended;
      },
    };
  };
}

export type Sandbox = {
  readonly id: string;
  /** Why it can take no more events; undefined while it can. */
  dead(): string | undefined;
  /** Throws a `SandboxError` as Lambda reports it. */
  invoke(event: ProxyEvent, timeoutMs: number): Promise<object>;
  /** The last lines of the server. */
  tail(): readonly string[];
  stop(): Promise<void>;
};

/** One execution environment of Lambda: a server with the web adapter in front of it. */
export function sandbox(
  start: StartServer,
  environment: Environment,
  say: (line: string) => void,
): Sandbox {
  const lines: string[] = [];
  const server = start(environment, (line) => {
    lines.push(line);
    say(line);
  });
  let dead: string | undefined;
  const end = server.ended.then((reason) => {
    dead = reason;
    throw failure('Runtime.ExitError', `Error: Runtime exited with error: ${reason}`);
  });
  end.catch(() => undefined);
  const ready = server.origin.then(async (origin) => {
    await untilReady(origin, environment, () => dead !== undefined);
    return origin;
  });

  const answer = async (event: ProxyEvent, signal: AbortSignal): Promise<object> => {
    const origin = await Promise.race([ready, end]);
    const answered = adapt(event, origin, environment, signal).catch((error: Error) => {
      throw { errorType: ADAPTER_ERROR, errorMessage: error.message } satisfies SandboxError;
    });
    return Promise.race([answered, end]);
  };

  return {
    id: randomUUID().replaceAll('-', ''),
    dead: () => dead,
    tail: () => lines,
    async invoke(event, timeoutMs) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), timeoutMs);
      const late = once(controller.signal, 'abort').then(async () => {
        await server.stop();
        const seconds = (timeoutMs / 1000).toFixed(2);
        throw failure('Sandbox.Timedout', `Error: Task timed out after ${seconds} seconds`);
      });
      late.catch(() => undefined);
      try {
        return await Promise.race([answer(event, controller.signal), late]);
      } finally {
        clearTimeout(timer);
      }
    },
    stop: server.stop,
  };
}

function failure(errorType: string, text: string): SandboxError {
  return { errorType, errorMessage: `RequestId: ${randomUUID()} ${text}` };
}
