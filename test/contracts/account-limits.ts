import type { AccountLimits } from '#ports/account-limits.ts';
import type { FakeClock } from '../support/clock/fake-clock.ts';

type World = { readonly limits: AccountLimits; readonly clock: FakeClock };

/** The promises that every `AccountLimits` keeps. */
export function describeAccountLimits(name: string, open: () => World | Promise<World>): void {
  describe(`the limits of an account in ${name}`, () => {
    it('are unknown before AWS has refused anything', async () => {
      const { limits } = await open();

      expect(await limits.functionMemory()).toBeUndefined();
    });

    it('are what was learnt last, and when', async () => {
      const { limits, clock } = await open();
      await limits.learnFunctionMemory(512);
      clock.advance(1000);

      await limits.learnFunctionMemory(3008);

      const learntAtMs = clock.now();
      expect(await limits.functionMemory()).toEqual({ mostMiB: 3008, learntAtMs });
    });
  });
}
