import { describeAccountLimits } from '../../contracts/account-limits.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import { memoryAccountLimits } from './account-limits.ts';

describeAccountLimits('memory', () => {
  const clock = fakeClock(0);
  return { limits: memoryAccountLimits(clock), clock };
});
