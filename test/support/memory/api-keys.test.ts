import { describeApiKeys } from '../../contracts/api-keys.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { memoryApiKeys } from './api-keys.ts';

describeApiKeys('memoryApiKeys', () => {
  const clock = fakeClock(0);
  return { keys: memoryApiKeys({ clock }), clock };
});
