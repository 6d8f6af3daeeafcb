import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import * as z from 'zod/mini';

/** The descriptor of the channel in a model server, which its environment names as CHANNEL_FD. */
export const CHANNEL_FD = 3;

// A server says two short lines before it serves, and nothing afterwards.
const MOST_BYTES = 1024;

const message = z.union([
  z.strictObject({ listening: z.int().check(z.positive(), z.maximum(65_535)) }),
  z.strictObject({ ready: z.literal(true) }),
]);

/** The messages that a model server may send: the port on which it listens, and that its model is loaded. */
export type ChannelMessage = z.infer<typeof message>;

/**
 * Slipway's end of the channel to a model server: a socket pair, with one JSON object a line each way.
 * A model's process is a stranger: at most 1,024 bytes of it are ever read, until it is ready; anything but its two messages breaks the rules.
 * The channel stays open afterwards, unread: a server ends itself once Slipway's end has closed.
 */
export type ModelChannel = {
  /** Calls with each message, until the server is ready. */
  onMessage(hear: (message: ChannelMessage) => void): void;
  /** Calls once if the server breaks the rules, with what it did as a predicate. */
  onBreach(hear: (what: string) => void): void;
  /** Tells a server that awaits its model the rest of its environment. One that is gone by now hears nothing; its end says so. */
  tell(environment: Readonly<Record<string, string>>): void;
};

/** The channel of a process that was spawned with a pipe as its fourth stream. Throws where the system had no descriptors left for it. */
export function modelChannel({ stdio }: ChildProcess): ModelChannel {
  const socket = socketIn(stdio?.[CHANNEL_FD]);
  const hearers = new Set<(message: ChannelMessage) => void>();
  const onBreaches = new Set<(what: string) => void>();
  let heard = Buffer.alloc(0);
  let read = 0;

  function breach(what: string): void {
    stop();
    for (const hear of onBreaches) hear(what);
  }

  function stop(): void {
    socket.off('data', receive).pause();
  }

  function receive(bytes: Buffer): void {
    read += bytes.length;
    heard = Buffer.concat([heard, bytes]);
    let isOver = false;
    for (let end = heard.indexOf(10); end !== -1 && !isOver; end = heard.indexOf(10)) {
      isOver = takeLine(heard.subarray(0, end));
      heard = heard.subarray(end + 1);
    }
    if (!isOver && read > MOST_BYTES) breach(`wrote over ${MOST_BYTES} bytes to its channel`);
  }

  /** True when nothing more is to be read. */
  function takeLine(line: Buffer): boolean {
    const told = messageIn(line);
    if (!told) {
      breach('wrote to its channel what is not a message of a model server');
      return true;
    }
    for (const hear of hearers) hear(told);
    if ('ready' in told) stop();
    return 'ready' in told;
  }

  socket.on('data', receive);
  // The other end may be gone before what it is told has arrived.
  socket.on('error', () => undefined);
  socket.unref();
  return {
    onMessage: (hear) => void hearers.add(hear),
    onBreach: (hear) => void onBreaches.add(hear),
    tell: (environment) => void socket.write(`${JSON.stringify({ environment })}\n`),
  };
}

function socketIn(stream: unknown): Socket {
  if (stream instanceof Socket) return stream;
  throw new Error('the system has no descriptors left');
}

function messageIn(line: Buffer): ChannelMessage | undefined {
  try {
    return message.safeParse(JSON.parse(line.toString())).data;
  } catch {
    return undefined;
  }
}
