import type { Fence } from '#adapters/local/registry/fence.ts';
import { Failure } from '#domain/failure.ts';

/** The fence of one machine without its database. */
export function memoryFence(): Fence {
  const epochs = new Map<string, number>();
  return {
    pass(model, epoch) {
      const seen = epochs.get(model) ?? epoch;
      if (seen > epoch) throw new Failure('LeaseLost', `epoch ${epoch} of ${model} is over`);
      epochs.set(model, epoch);
    },
  };
}
