import type { Ceilings } from '#ports/ceilings.ts';

/** The ceilings of this machine's revisions. They are forgotten when Slipway ends: the meter sets them again when it starts. */
export type LocalCeilings = Ceilings & {
  /** The most replicas that a revision may have, at least 1; undefined without a ceiling. */
  mostOf(revision: string): number | undefined;
};

export function localCeilings(): LocalCeilings {
  const most = new Map<string, number>();
  return {
    async set({ revision }, ceiling) {
      if (ceiling.most === null) most.delete(revision);
      else most.set(revision, Math.max(1, ceiling.most));
    },
    mostOf: (revision) => most.get(revision),
  };
}
