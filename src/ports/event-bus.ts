import type { SlipwayEvent } from '#domain/event.ts';

/** Where events go once the registry holds them. Delivery is at least once, oldest first; readers drop repeats by `eventId`. */
export type EventBus = {
  /** Fails with `PlatformThrottled` or `PlatformUnavailable`; then none, some or all were published, and all are to be sent again. */
  publish(events: readonly SlipwayEvent[]): Promise<void>;
};
