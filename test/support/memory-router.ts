import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import { acceptShares, isSameShares, withoutZeros } from '#domain/shares.ts';
import type { Clock } from '#ports/clock.ts';
import type { Router } from '#ports/router.ts';

/** What clients got of a model from a moment (epoch) on. */
export type Served = { readonly atMs: number; readonly shares: Shares };

export type MemoryRouter = Router & {
  /** What clients get of the model at this moment. */
  dataPlane(model: string): Shares;
  /** All that clients got of the model so far, oldest first. */
  history(model: string): readonly Served[];
};

/** A router as AWS has it: what it is told holds at once in what it says, and for clients `spreadMs` later. */
export function memoryRouter({
  clock,
  spreadMs,
}: {
  clock: Clock;
  spreadMs: number;
}): MemoryRouter {
  const changes = new Map<string, readonly Served[]>();

  const told = (model: string): Shares => changes.get(model)?.at(-1)?.shares ?? {};
  const tell = (model: string, shares: Shares) => {
    const change = { atMs: clock.now() + spreadMs, shares };
    if (!isSameShares(shares, told(model)))
      changes.set(model, [...(changes.get(model) ?? []), change]);
  };
  const history = (model: string) =>
    (changes.get(model) ?? []).filter(({ atMs }) => atMs <= clock.now());
  const dataPlane = (model: string): Shares => history(model).at(-1)?.shares ?? {};

  return {
    route: (model) => `/models/${model}`,
    testPath: (revision) => `/_candidate/${revision}`,
    shares: async (model) => told(model),
    async setShares(model, shares, expected) {
      const wish = acceptShares(shares);
      const held = told(model);
      if (!isSameShares(held, wish) && !isSameShares(held, expected)) {
        throw new Failure('SharesChanged', `${model} has the shares ${JSON.stringify(held)}`);
      }
      tell(model, wish);
    },
    async verify(model, shares) {
      const wish = withoutZeros(shares);
      if (!isSameShares(told(model), wish)) return { kind: 'different', shares: told(model) };
      return isSameShares(dataPlane(model), wish)
        ? { kind: 'verified' }
        : { kind: 'pending', reason: `clients still get ${JSON.stringify(dataPlane(model))}` };
    },
    async remove(model) {
      tell(model, {});
    },
    dataPlane,
    history,
  };
}
