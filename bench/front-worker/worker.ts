import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { NUMBERS } from '../../runtimes/onnx/protocols/binary.ts';
import { refusal } from '../../runtimes/onnx/refusal.ts';
import type { Run } from '../../runtimes/onnx/session/model.ts';
import type { Signature, Tensor } from '../../runtimes/onnx/values/tensors.ts';

/** A worker's first message, which describes its model. */
export type Described = { readonly signature: Signature; readonly isCode: boolean };

/** A piece of an answer of code. */
export type Piece = {
  readonly type: string;
  readonly isLast: boolean;
  readonly bytes: Buffer;
};

type Message = {
  readonly id: number;
  readonly outputs?: readonly (Omit<Tensor, 'data'> & { readonly bytes: number })[];
  readonly refused?: string;
  readonly status?: number;
  readonly type?: string;
  readonly isLast?: boolean;
};

type Take = (message: Message, tail: Buffer) => void;
type Waiting = { readonly take: Take; readonly settle: (error?: Error) => void };

const FD = 3;

export type Worker = {
  readonly described: Promise<Described>;
  run(run: Run): Promise<readonly Tensor[]>;
  invoke(
    body: Uint8Array,
    type: string,
    accept: string,
    take: (piece: Piece) => void,
  ): Promise<void>;
};

/** Starts Python's half: `python worker.py`, with one end of a pair of sockets. */
export function startWorker(python: string, script: string): Worker {
  const child = spawn(python, [script, String(FD)], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  child.once('exit', (code) => process.exit(code ?? 1));
  const socket = child.stdio[FD] as Socket;
  const waiting = new Map<number, Waiting>();
  const described = Promise.withResolvers<Described>();
  onFrames(socket, (text, tail) => {
    const message = JSON.parse(text);
    if ('signature' in message) described.resolve(message);
    else hear(waiting, message, tail);
  });
  let last = 0;
  const ask = (message: object, pieces: readonly Uint8Array[], take: Take) => {
    last += 1;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.set(last, { take, settle: (error) => (error ? reject(error) : resolve()) });
    writeFrame(socket, { id: last, ...message }, pieces);
    return promise;
  };
  return {
    described: described.promise,
    async run({ inputs }) {
      const pieces = inputs.map(bytesOf);
      const specs = inputs.map(({ name, datatype, shape }, at) => {
        return { name, datatype, shape, bytes: pieces[at]?.length };
      });
      let outputs: readonly Tensor[] = [];
      await ask({ inputs: specs }, pieces, (message, tail) => {
        outputs = tensorsOf(message, tail);
      });
      return outputs;
    },
    invoke: (body, type, accept, take) =>
      ask({ type, accept }, [body], ({ type = '', isLast = true }, bytes) =>
        take({ type, isLast, bytes }),
      ),
  };
}

function hear(waiting: Map<number, Waiting>, message: Message, tail: Buffer): void {
  const { id, refused, status = 500, isLast = true } = message;
  const asked = waiting.get(id);
  if (isLast) waiting.delete(id);
  if (refused !== undefined) asked?.settle(refusal(status, refused));
  else asked?.take(message, tail);
  if (isLast) asked?.settle();
}

function bytesOf({ datatype, data }: Tensor): Uint8Array {
  if (datatype === 'BYTES' || Array.isArray(data)) return Buffer.from(JSON.stringify(data));
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function tensorsOf({ outputs = [] }: Message, tail: Buffer): readonly Tensor[] {
  let at = 0;
  return outputs.map(({ name, datatype, shape, bytes }) => {
    const piece = tail.subarray(at, at + bytes);
    at += bytes;
    if (datatype === 'BYTES') return { name, datatype, shape, data: JSON.parse(piece.toString()) };
    // A copy begins where its type may.
    const copy = piece.buffer.slice(piece.byteOffset, piece.byteOffset + bytes) as ArrayBuffer;
    return { name, datatype, shape, data: new NUMBERS[datatype](copy) };
  });
}

function writeFrame(socket: Socket, message: object, pieces: readonly Uint8Array[]): void {
  const text = JSON.stringify(message);
  const said = Buffer.byteLength(text);
  const more = pieces.reduce((sum, { length }) => sum + length, 0);
  const isSmall = more < 2 ** 14;
  const head = Buffer.allocUnsafe(8 + said + (isSmall ? more : 0));
  head.writeUInt32LE(said, 0);
  head.writeUInt32LE(more, 4);
  head.write(text, 8);
  if (isSmall) {
    let at = 8 + said;
    for (const piece of pieces) {
      head.set(piece, at);
      at += piece.length;
    }
    socket.write(head);
    return;
  }
  socket.cork();
  socket.write(head);
  for (const piece of pieces) socket.write(piece);
  socket.uncork();
}

function onFrames(socket: Socket, take: (text: string, tail: Buffer) => void): void {
  let chunks: Buffer[] = [];
  let held = 0;
  let needs = 8;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    held += chunk.length;
    if (held < needs) return;
    let rest: Buffer = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    needs = sizeOf(rest);
    while (rest.length >= needs) {
      const said = rest.readUInt32LE(0);
      take(rest.toString('utf8', 8, 8 + said), rest.subarray(8 + said, needs));
      rest = rest.subarray(needs);
      needs = sizeOf(rest);
    }
    chunks = [rest];
    held = rest.length;
  });
}

/** The bytes of the frame that begins here; of its head alone until that is whole. */
function sizeOf(bytes: Buffer): number {
  return bytes.length < 8 ? 8 : 8 + bytes.readUInt32LE(0) + bytes.readUInt32LE(4);
}
