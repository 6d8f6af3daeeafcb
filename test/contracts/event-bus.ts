import type { SlipwayEvent } from '#domain/event.ts';
import type { EventBus } from '#ports/event-bus.ts';

export type EventBusUnderTest = {
  readonly bus: EventBus;
  /** The ids of the events that a reader who drops repeats has seen, in their order. */
  seen(): Promise<readonly string[]>;
  close(): Promise<void>;
};

/** The `n`th event of a deployment. */
export function numberedEvent(n: number): SlipwayEvent {
  return {
    source: 'slipway',
    'detail-type': 'Deployment State Change',
    detail: {
      schema: 1,
      eventId: `d1-${n}`,
      sequence: n,
      deploymentId: 'd1',
      model: 'digits',
      version: 1,
      time: '2026-01-02T03:04:05.678Z',
      state: 'Admitted',
      reason: '',
      fix: '',
      data: {},
    },
  };
}

/** The promises of every EventBus. */
export function describeEventBus(name: string, open: () => Promise<EventBusUnderTest>): void {
  describe(`${name} keeps the promises of EventBus`, () => {
    let world: EventBusUnderTest;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    it('delivers what is published, oldest first', async () => {
      await world.bus.publish([numberedEvent(1), numberedEvent(2)]);
      await world.bus.publish([numberedEvent(3)]);

      expect(await world.seen()).toEqual(['d1-1', 'd1-2', 'd1-3']);
    });

    it('may be given the same events again', async () => {
      await world.bus.publish([numberedEvent(1), numberedEvent(2)]);
      await world.bus.publish([numberedEvent(2), numberedEvent(3)]);

      expect(await world.seen()).toEqual(['d1-1', 'd1-2', 'd1-3']);
    });

    it('takes an empty batch', async () => {
      await world.bus.publish([]);

      expect(await world.seen()).toEqual([]);
    });
  });
}
