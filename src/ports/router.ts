import type { Shares } from '#domain/deployment.ts';
import type { RevisionRef } from '#domain/placement/target.ts';

/** How far a change of shares has propagated: `different` when the router holds other shares than the caller asked about. */
export type Verification =
  | { readonly kind: 'verified' }
  | { readonly kind: 'pending'; readonly reason: string }
  | { readonly kind: 'different'; readonly shares: Shares };

/**
 * The stable endpoint of each model, and which revisions it sends traffic to.
 * Shares change by compare-and-set and are eventually consistent: `shares` returns a change at once, but it holds everywhere only when `verify` says so.
 * `epoch` is the fencing epoch of the model's lease: a change under a lower epoch than the router has seen for the model fails with `LeaseLost` and changes nothing.
 * Fails with `SharesChanged`, `SharesRefused` (weights outside 0..999, or all zero; revisions of Lambda and of containers together), `StorageFull`, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Router = {
  /** The address of the model's stable endpoint, for a Prober; it exists before the route does. */
  route(model: string): string;
  /** The address that reaches only this revision, whatever the shares. */
  testPath(candidate: RevisionRef): string;
  /** The shares last set on the router, without zeros; empty when the model has no route. */
  shares(model: string): Promise<Shares>;
  /** A no-op when the router already holds `shares`; fails with `SharesChanged` when it holds anything but `expected`. Creates the route when `expected` is empty, moves it when the two use different mechanisms. */
  setShares(model: string, shares: Shares, expected: Shares, epoch: number): Promise<void>;
  /** Whether control plane and data plane agree that `shares` is what clients get. */
  verify(model: string, shares: Shares): Promise<Verification>;
  /** Removes the model's route; a no-op when it has none. */
  remove(model: string, epoch: number): Promise<void>;
  /** The models that have a route. */
  models(): Promise<readonly string[]>;
};
