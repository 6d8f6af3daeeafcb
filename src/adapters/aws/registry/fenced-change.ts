import type { AwsFence } from './fence.ts';

/** Makes one change, unless its lease has been lost. */
export type Change = <Answer>(call: () => Promise<Answer>) => Promise<Answer>;

/** The changes by one holder of a model's lease. The fence is passed at once, so that the epoch is recorded even if nothing changes, and again right before each change. */
export async function fencedChange(fence: AwsFence, model: string, epoch: number): Promise<Change> {
  await fence.pass(model, epoch);
  return async (call) => {
    await fence.pass(model, epoch);
    return call();
  };
}

/** For changes that need no lease: they are a compare-and-set, or affect what nobody uses any more. */
export const unfenced: Change = (call) => call();
