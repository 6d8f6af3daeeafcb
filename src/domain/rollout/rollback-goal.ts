import type { Model, ModelVersion } from '#domain/deployment.ts';

/** A version that can be made live again, or why there is none: `isWrong` when the requested version does not exist, else there is nothing to do. */
export type RollbackGoal =
  | { readonly kind: 'version'; readonly version: ModelVersion }
  | { readonly kind: 'none'; readonly reason: string; readonly isWrong: boolean };

/** The version `to`; for null the version that was live before the current one. `versions` are the model's. */
export function rollbackGoal(
  { name, live }: Model,
  versions: readonly ModelVersion[],
  to: number | null,
): RollbackGoal {
  const none = (reason: string, isWrong: boolean) => ({ kind: 'none', reason, isWrong }) as const;
  const kept = versions.filter(({ state }) => state !== 'Removed');
  if (to === null) {
    const [version] = kept
      .filter((it) => it.version !== live?.version)
      .toSorted((a, b) => b.liveAtMs - a.liveAtMs);
    return version
      ? { kind: 'version', version }
      : none(`${name} has no version to go back to`, false);
  }
  if (live?.version === to) return none(`${name} version ${to} is live already`, false);
  const version = kept.find((it) => it.version === to);
  return version
    ? { kind: 'version', version }
    : none(`${name} has no version ${to} that could start again`, true);
}
