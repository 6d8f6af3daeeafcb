import type { AwsFence } from './fence.ts';

/** Makes one change, unless the lease that it is made under is over. */
export type Change = <Answer>(call: () => Promise<Answer>) => Promise<Answer>;

/** The changes that one holder of a model's lease makes: the fence is passed now, so that a later epoch is known even where nothing is to be changed, and right before each. */
export async function fencedChange(fence: AwsFence, model: string, epoch: number): Promise<Change> {
  await fence.pass(model, epoch);
  return async (call) => {
    await fence.pass(model, epoch);
    return call();
  };
}

/** For what no lease is needed: it is done by a compare-and-set, or to what nobody uses any more. */
export const unfenced: Change = (call) => call();
