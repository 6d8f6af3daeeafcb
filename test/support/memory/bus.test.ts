import { describeEventBus } from '../../contracts/event-bus.ts';
import { memoryBus } from './bus.ts';

describeEventBus('memoryBus', async () => {
  const bus = memoryBus();
  return { bus, seen: async () => [...new Set(bus.ids())], close: async () => {} };
});
