import type { EventBus } from '#ports/event-bus.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = { readonly registry: Registry; readonly bus: EventBus };

const BATCH = 10;

/** Publishes the registry's unpublished events, oldest first. It marks an event only after publishing it: delivery is at least once. */
export const publishEvents =
  ({ registry, bus }: Deps) =>
  async (): Promise<void> => {
    for (;;) {
      const events = await registry.unpublished(BATCH);
      if (events.length === 0) return;
      await bus.publish(events);
      await registry.markPublished(events.map(({ detail }) => detail.eventId));
    }
  };
