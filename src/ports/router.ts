import type { Shares } from '#domain/deployment.ts';
import type { RevisionRef } from '#domain/placement/target.ts';

/** How far a change of shares has come: `different` when the router holds something else than was asked about. */
export type Verification =
  | { readonly kind: 'verified' }
  | { readonly kind: 'pending'; readonly reason: string }
  | { readonly kind: 'different'; readonly shares: Shares };

/**
 * The stable endpoint of each model, and which revisions it sends traffic to.
 * Shares change by compare-and-set and spread with a delay: a change is true at once in what `shares` answers, and everywhere only when `verify` says so.
 * `epoch` is that of the model's lease: a change under a lower one than the router has seen for the model is `LeaseLost`, and changes nothing.
 * Fails with `SharesChanged`, `SharesRefused` (weights outside 0..999, or all zero; revisions of Lambda and of containers at once), `StorageFull`, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`.
 */
export type Router = {
  /** The address of the model's stable endpoint, for a Prober; it exists before the route does. */
  route(model: string): string;
  /** The address that reaches this revision alone, whatever the shares. */
  testPath(candidate: RevisionRef): string;
  /** The shares the router was last told, without zeros; empty when the model has no route. */
  shares(model: string): Promise<Shares>;
  /** Succeeds when the router holds `shares` already; fails with `SharesChanged` when it holds anything but `expected`. Makes the route when `expected` is empty, moves it when the two are of different mechanisms. */
  setShares(model: string, shares: Shares, expected: Shares, epoch: number): Promise<void>;
  /** Whether control plane and data plane agree that `shares` is what clients get. */
  verify(model: string, shares: Shares): Promise<Verification>;
  /** Takes the model's route away; no route is success. */
  remove(model: string, epoch: number): Promise<void>;
  /** The models that have a route. */
  models(): Promise<readonly string[]>;
};
