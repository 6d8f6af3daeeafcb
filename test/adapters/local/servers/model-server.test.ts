import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ModelServer, serverAfter, supervise } from '#adapters/local/servers/model-server.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

const PIECE = Buffer.alloc(64 * 1024, 'flood ');

const PIECES = 100;

/** A process that writes a piece whenever it is asked for more, until all are written. */
function flooding() {
  let writtenBytes = 0;
  const stdout = new Readable({
    highWaterMark: PIECE.length,
    read() {
      const isOver = writtenBytes === PIECES * PIECE.length;
      if (!isOver) writtenBytes += PIECE.length;
      this.push(isOver ? null : PIECE);
    },
  });
  const child = Object.assign(new EventEmitter(), { pid: 1, stdout, stderr: null });
  return { child: child as unknown as ChildProcess, writtenBytes: () => writtenBytes };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

it('what a model server writes is read no faster than its log takes it, so that a flood blocks the server', async () => {
  const { child, writtenBytes } = flooding();
  let takenBytes = 0;
  let take = () => {};
  const append = (bytes: Uint8Array) =>
    new Promise<void>((done) => {
      take = () => {
        takenBytes += bytes.length;
        done();
      };
    });
  const server = supervise(() => ({
    child,
    isOwnProcess: true,
    startupTimeoutSeconds: 9,
    timers: fakeTimers(),
    log: { append, tail: async () => [] },
    ready: new Promise(() => undefined),
    signal: () => undefined,
    release: () => undefined,
    howItEnded: () => 'was ended',
    isOutOfMemory: () => false,
  }));

  const aheadBytes: number[] = [];
  for (let taken = 0; taken < 10; taken += 1) {
    await turns(20);
    aheadBytes.push(writtenBytes() - takenBytes);
    take();
  }
  child.stdout?.destroy();
  child.emit('exit');
  await server.ended;

  expect(takenBytes).toBeGreaterThanOrEqual(10 * PIECE.length);
  expect(Math.max(...aheadBytes)).toBeLessThanOrEqual(4 * PIECE.length);
});

it.each<[string, () => Promise<() => ModelServer>]>([
  ['whose check fails', async () => fails()],
  ['whose start fails', async () => fails],
])('a server %s has died, and says why', async (_, decided) => {
  const server = serverAfter(decided());

  await server.ended;

  const reason = 'could not be started: Error: no space left';
  expect(await server.started).toEqual({ kind: 'died', reason });
  expect(server.diagnosis()).toBe(reason);
});

function fails(): never {
  throw new Error('no space left');
}
