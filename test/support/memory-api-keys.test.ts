import { describeApiKeys } from '../contracts/api-keys.ts';
import { fakeClock } from './fake-clock.ts';
import { memoryApiKeys } from './memory-api-keys.ts';

describeApiKeys('memoryApiKeys', () => {
  const clock = fakeClock(0);
  return { keys: memoryApiKeys({ clock }), clock };
});
