import type { Shares } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Placement } from '#domain/placement/target.ts';
import { acceptShares, isSameShares, refuseMixture, withoutZeros } from '#domain/rollout/shares.ts';
import type { Clock } from '#ports/clock.ts';
import type { Router } from '#ports/router.ts';
import { memoryFence } from './fence.ts';

/** The shares of a model that clients got from a moment (epoch) on. */
export type Served = { readonly atMs: number; readonly shares: Shares };

export type MemoryRouter = Router & {
  /** The shares of the model that clients get at this moment. */
  dataPlane(model: string): Shares;
  /** All that clients got of the model so far, oldest first. */
  history(model: string): readonly Served[];
};

export type MemoryRouterOptions = {
  readonly clock: Clock;
  readonly spreadMs: number;
  /** The place of a revision, undefined when it has none; by default all exist, on Lambda. */
  readonly placementOf?: (revision: string) => Placement | undefined;
};

const NONE: Shares = Object.freeze({});

/** A router like AWS: a change shows at once in its own answers, and for clients `spreadMs` later. */
export function memoryRouter(options: MemoryRouterOptions): MemoryRouter {
  const { clock, spreadMs, placementOf = () => ({ target: 'lambda' }) } = options;
  const changes = new Map<string, readonly Served[]>();
  const fence = memoryFence();

  const told = (model: string): Shares => changes.get(model)?.at(-1)?.shares ?? {};
  const tell = (model: string, shares: Shares) => {
    const change = { atMs: clock.monotonicMs() + spreadMs, shares };
    if (!isSameShares(shares, told(model)))
      changes.set(model, [...(changes.get(model) ?? []), change]);
  };
  const history = (model: string) =>
    (changes.get(model) ?? []).filter(({ atMs }) => atMs <= clock.monotonicMs());
  const dataPlane = (model: string): Shares =>
    changes.get(model)?.findLast(({ atMs }) => atMs <= clock.monotonicMs())?.shares ?? NONE;

  return {
    route: (model) => `/models/${model}`,
    testPath: ({ revision }) => `/_candidate/${revision}`,
    shares: async (model) => told(model),
    async setShares(model, shares, expected, epoch) {
      const wish = acceptShares(shares);
      fence.pass(model, epoch);
      const held = told(model);
      if (isSameShares(held, wish)) return;
      if (!isSameShares(held, expected)) {
        throw new Failure('SharesChanged', `${model} has the shares ${JSON.stringify(held)}`);
      }
      const unknown = Object.keys(wish).find((name) => placementOf(name) === undefined);
      if (unknown) throw new Failure('SharesRefused', `there is no revision ${unknown}`);
      refuseMixture(wish, placementOf);
      tell(model, wish);
    },
    async verify(model, shares) {
      const wish = withoutZeros(shares);
      if (!isSameShares(told(model), wish)) return { kind: 'different', shares: told(model) };
      // Clients may still get the shares from before two changes, of which the first is still to come.
      const isOpen = (changes.get(model)?.at(-1)?.atMs ?? 0) > clock.monotonicMs();
      return !isOpen && isSameShares(dataPlane(model), wish)
        ? { kind: 'verified' }
        : { kind: 'pending', reason: `clients still get ${JSON.stringify(dataPlane(model))}` };
    },
    async remove(model, epoch) {
      fence.pass(model, epoch);
      tell(model, {});
    },
    models: async () => [...changes.keys()].filter((model) => Object.keys(told(model)).length > 0),
    dataPlane,
    history,
  };
}
