/** For whom a task is: its model, and whether a version of that is live, which goes before first ones. */
export type Applicant = { readonly model: string; readonly isUpgrade: boolean };

/**
 * In which order those that wait get their turns: upgrades first, then the model that had the fewest turns since somebody has waited.
 * Among equals every other turn is the newest's: a drop is behind no more than one that came before it, however many there are, and the oldest go on.
 */
export function fairOrder() {
  const turns = new Map<string, number>();
  let isNewest = false;
  return {
    /** The waiting ones, given in the order in which they came; the next one first. */
    sorted<Waiting extends Applicant>(waiting: readonly Waiting[]): readonly Waiting[] {
      const had = ({ model }: Applicant) => turns.get(model) ?? 0;
      const inTurn = isNewest ? waiting.toReversed() : waiting;
      return inTurn.toSorted(
        (a, b) => Number(b.isUpgrade) - Number(a.isUpgrade) || had(a) - had(b),
      );
    },
    /** It has its turn now, and so many still wait. */
    begun({ model }: Applicant, waiting: number): void {
      isNewest = !isNewest;
      turns.set(model, (turns.get(model) ?? 0) + 1);
      if (waiting === 0) turns.clear();
    },
  };
}
