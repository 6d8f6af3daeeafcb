import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RevisionLog } from './revision-log.ts';

/** A grandchild may hold the output open after the process has ended; its last lines are not waited for any longer. */
const LAST_OUTPUT_MS = 1_000;

/** Copies the output of a process to a log, from now on. The function it returns is called once the process has ended, and resolves when its last lines are in the log. */
export function copyOutput(
  { stdout, stderr }: ChildProcess,
  log: Pick<RevisionLog, 'append'>,
  lastMs = LAST_OUTPUT_MS,
): () => Promise<void> {
  const output = [stdout, stderr].filter((stream) => stream !== null);
  const copied = Promise.allSettled(output.map((stream) => copy(stream, log)));
  return async () => {
    await Promise.race([copied, sleep(lastMs, undefined, { ref: false })]);
    for (const stream of output) stream.destroy();
  };
}

async function copy(stream: Readable, log: Pick<RevisionLog, 'append'>): Promise<void> {
  for await (const chunk of stream) await log.append(chunk, stream);
}
