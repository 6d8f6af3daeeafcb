import type { EventBus } from '#ports/event-bus.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = { readonly registry: Registry; readonly bus: EventBus };

const BATCH = 10;

/** Publishes what the registry holds and the bus has not had, oldest first. An event is marked only once it is out, so none is lost and some may come twice. */
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
