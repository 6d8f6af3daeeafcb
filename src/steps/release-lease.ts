import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { Registry } from '#ports/registry.ts';

type Deps = { readonly registry: Registry };

export const releaseLease =
  ({ registry }: Deps) =>
  async (holder: StepInput<'ReleaseLease'>): Promise<StepOutput<'ReleaseLease'>> => {
    await registry.releaseLease(holder);
    return {};
  };
