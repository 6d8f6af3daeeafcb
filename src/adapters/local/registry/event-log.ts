import { appendFile, open } from 'node:fs/promises';
import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { EventBus } from '#ports/event-bus.ts';

const TAIL_BYTES = 256 * 1024;

/** An EventBus that appends each event to a file, one JSON object a line. A repeat that the file's end holds already is not written twice. */
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
        // How much of it was written, the file has to tell.
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
    // A line that a crash cut short ends here, or the next event would be joined to it.
    if (lines.at(-1) !== '') await file.appendFile('\n');
    return new Set(lines.flatMap(eventId));
  } finally {
    await file.close();
  }
}

/** None for a line that was cut, by the window or by a crash in the middle of a write. */
function eventId(line: string): readonly string[] {
  try {
    const event: SlipwayEvent = JSON.parse(line);
    return [event.detail.eventId];
  } catch {
    return [];
  }
}
