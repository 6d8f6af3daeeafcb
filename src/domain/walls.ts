/** What a Slipway on one machine tells of the walls around its models, which it found as it started: in one line, and what a model could still do, as predicates. */
export type WallsReport = {
  readonly says: string;
  readonly open: readonly string[];
  /** Why a model that Python loads is refused, as a clause; null where it is served. */
  readonly refuses: string | null;
};

/** Why a model that Python loads is refused on a machine without walls; `why` is what the machine lacks, as a clause. */
export function withoutWalls(why: string): string {
  return `Python loads it, which could do whatever Slipway's user can, and this machine sets no walls around it: ${why}`;
}

/** What a person can do about it. */
export const WITHOUT_WALLS_FIX: string =
  'On Linux install Python 3.9 or later as python3, which sets them (docs/security.md says what each needs), or start Slipway with `--engine docker`; or, where you trust every model that is uploaded, with `--code-without-walls`. Then upload it again.';
