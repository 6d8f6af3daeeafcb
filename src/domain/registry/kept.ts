import type { Deployment, Trouble } from '#domain/deployment.ts';

/** The trouble of a deployment. It also says who has the traffic, when the rollback left it with the candidate. */
export function toldTrouble({ trouble, work }: Deployment): Trouble | null {
  return trouble && withKept(trouble, work);
}

export function withKept(trouble: Trouble, { kept }: Deployment['work']): Trouble {
  if (!kept) return trouble;
  const { revision, live, reason } = kept;
  const fix = `Upload a version that works; until then Slipway tries to repair ${live}.`;
  return {
    ...trouble,
    reason: `${trouble.reason}; ${revision} keeps the traffic all the same, because it answered and ${live}, the live revision, did not: ${reason}`,
    fix: trouble.fix ? `${trouble.fix} ${fix}` : fix,
  };
}
