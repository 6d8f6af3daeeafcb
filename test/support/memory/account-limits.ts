import type { AccountLimits, LearntLimit } from '#ports/account-limits.ts';
import type { Clock } from '#ports/clock.ts';

export function memoryAccountLimits(clock: Clock): AccountLimits {
  let functionMemory: LearntLimit | undefined;
  return {
    functionMemory: async () => functionMemory,
    async learnFunctionMemory(mostMiB) {
      functionMemory = { mostMiB, learntAtMs: clock.now() };
    },
  };
}
