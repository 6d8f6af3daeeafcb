import type { SlipwayEvent } from '#domain/event.ts';

/** Where events go once the registry holds them. Delivery is at least once, oldest first; consumers deduplicate by `eventId`. */
export type EventBus = {
  /** Fails with `PlatformThrottled` or `PlatformUnavailable`. Then none, some or all were published, and the caller sends all of them again. */
  publish(events: readonly SlipwayEvent[]): Promise<void>;
};
