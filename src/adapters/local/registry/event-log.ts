import { appendFile, open } from 'node:fs/promises';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { EventBus } from '#ports/event-bus.ts';

const TAIL_BYTES = 256 * 1024;

/** An EventBus that appends each event to a file as a JSON line. A repeated event that is already near the end of the file is not written twice. */
export async function eventLog(path: string): Promise<EventBus> {
  let written: Set<string> | undefined = await tailIds(path);
  return {
    async publish(events) {
      try {
        written ??= await tailIds(path);
        const known = written;
        const fresh = events.filter(({ detail }) => !known.has(detail.eventId));
        await appendFile(path, fresh.map((event) => `${JSON.stringify(event)}\n`).join(''));
        for (const { detail } of fresh) known.add(detail.eventId);
      } catch (cause) {
        // A part may have been written; only the file can tell.
        written = undefined;
        throw new Failure('PlatformUnavailable', `${path} cannot be written: ${cause}`, { cause });
      }
    },
  };
}

async function tailIds(path: string): Promise<Set<string>> {
  const file = await open(path, 'a+');
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - TAIL_BYTES);
    const { buffer } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.toString('utf8').split('\n');
    // Ends a line that a crash cut short, so that the next event is not joined to it.
    if (lines.at(-1) !== '') await file.appendFile('\n');
    return new Set(lines.flatMap(eventId));
  } finally {
    await file.close();
  }
}

/** Empty for a truncated line, cut by the window or by a crash during a write. */
function eventId(line: string): readonly string[] {
  try {
    const event: SlipwayEvent = JSON.parse(line);
    return [event.detail.eventId];
  } catch {
    return [];
  }
}
