import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { CHANNEL_FD, type ModelChannel, modelChannel } from './model-channel.ts';

const LISTENING_FD = CHANNEL_FD + 1;

export type Launch = {
  /** A program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly directory: string;
  /** The folder that it may write to. */
  readonly scratch: string;
  readonly environment: Readonly<Record<string, string>>;
};

/** The process of a model server, and the port of the socket that was made for it. */
export type Launched = {
  readonly child: ChildProcess;
  readonly port: number;
  readonly channel: ModelChannel;
  /** The folder that it may write to. */
  readonly scratch: string;
};

/**
 * Starts the process of a model server. It is given a channel (CHANNEL_FD) and a socket that already listens on loopback (LISTENING_FD):
 * what is asked of the model goes to that port, whatever the model says.
 * It leads its own process group, so that its children end with it, and a Ctrl-C in the terminal only reaches Slipway.
 * Throws when the system does not give it a process or a socket.
 */
export async function launched({
  command,
  directory,
  scratch,
  environment,
}: Launch): Promise<Launched> {
  const listening = createServer();
  listening.listen({ host: '127.0.0.1', port: 0 });
  await once(listening, 'listening');
  const { port } = listening.address() as AddressInfo;
  try {
    const [program, ...given] = command;
    const child = spawn(program, given, {
      cwd: directory,
      env: {
        ...environment,
        CHANNEL_FD: String(CHANNEL_FD),
        LISTENING_FD: String(LISTENING_FD),
      },
      // Its input is at its end from the beginning. /dev/null, opened before the walls, is a file whose mode a root's model could change.
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', descriptorOf(listening)],
      detached: true,
    });
    // Its watcher hears of its end; an error without a listener would end Slipway.
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined).destroy();
    return { child, port, scratch, channel: modelChannel(child) };
  } finally {
    // The process has its own descriptor of the same socket.
    listening.close();
  }
}

/** Node hands a server's socket to a process of its own kind alone; any process takes a descriptor. */
function descriptorOf(server: Server): number {
  const handle: unknown = Reflect.get(server, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null && Reflect.get(handle, 'fd');
  if (typeof fd === 'number' && fd >= 0) return fd;
  throw new Error('this Node does not say which descriptor a socket has');
}
