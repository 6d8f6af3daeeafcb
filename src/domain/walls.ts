/** The report of a Slipway on one machine about the walls around its models, as found at its start: one line, and the actions still open to a model, as predicates. */
export type WallsReport = {
  readonly says: string;
  readonly open: readonly string[];
  /** Why a model that Python loads is refused, as a clause; null where it is served. */
  readonly refuses: string | null;
};

/** Why a model that Python loads is refused on a machine without walls; `why` is a clause about the part that the machine lacks. */
export function withoutWalls(why: string): string {
  return `Python loads it, which could do whatever Slipway's user can, and this machine sets no walls around it: ${why}`;
}

/** The remedy for a machine without walls. */
export const WITHOUT_WALLS_FIX: string =
  'On Linux install Python 3.9 or later as python3, which sets them (docs/security.md says what each needs), or start Slipway with `--engine docker`; or, where you trust every model that is uploaded, with `--code-without-walls`. Then upload it again.';
