import type { SlipwayEvent } from '#domain/event.ts';
import { Failure } from '#domain/failure.ts';
import type { EventBus } from '#ports/event-bus.ts';

export type MemoryBus = EventBus & {
  readonly batches: readonly (readonly SlipwayEvent[])[];
  /** The ids of the delivered events, including repeats. */
  ids(): readonly string[];
};

/** A bus that keeps its events; the replies of the calls with these numbers are lost. */
export function memoryBus(...lost: readonly number[]): MemoryBus {
  const batches: (readonly SlipwayEvent[])[] = [];
  let calls = 0;

  return {
    batches,
    ids: () => batches.flat().map(({ detail }) => detail.eventId),
    async publish(events) {
      calls += 1;
      batches.push(events);
      if (lost.includes(calls)) throw new Failure('PlatformUnavailable', 'the bus is away');
    },
  };
}
