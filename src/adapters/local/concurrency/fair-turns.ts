/** For whom a task is: its model, and whether a version of that is live, which goes before first ones. */
export type WaitingDeployment = { readonly model: string; readonly isUpgrade: boolean };

/** In which order those that wait get their turns. */
export type Order<Who> = {
  /** The waiting ones, given in the order in which they came; the next one first. */
  sorted<Waiting extends Who>(waiting: readonly Waiting[]): readonly Waiting[];
  /** The first of `sorted`; undefined where nobody waits. */
  next<Waiting extends Who>(waiting: readonly Waiting[]): Waiting | undefined;
  /** All their turns to come, as far as nobody else comes. */
  upcoming<Waiting extends Who>(waiting: readonly Waiting[]): readonly Waiting[];
  /** It has its turn now, and so many still wait. */
  begun(who: Who, waiting: number): void;
};

/**
 * Upgrades first, then the model that had the fewest turns since somebody has waited.
 * Among equals every other turn is the newest's: a drop is behind no more than one that came before it, however many there are, and the oldest go on.
 */
export function fairOrder(
  past: ReadonlyMap<string, number> = new Map(),
  isNewestNext = false,
): Order<WaitingDeployment> {
  const turns = new Map(past);
  let isNewest = isNewestNext;

  const had = ({ model }: WaitingDeployment) => turns.get(model) ?? 0;
  const compare = (a: WaitingDeployment, b: WaitingDeployment) =>
    Number(b.isUpgrade) - Number(a.isUpgrade) || had(a) - had(b);

  /** The first of `sorted`; sorting hundreds for each of hundreds takes too long. */
  function nextOf<Waiting extends WaitingDeployment>(
    waiting: readonly Waiting[],
  ): Waiting | undefined {
    const inTurn = isNewest ? waiting.toReversed() : waiting;
    return inTurn.reduce<Waiting | undefined>(
      (first, each) => (first === undefined || compare(each, first) < 0 ? each : first),
      undefined,
    );
  }

  function begun(who: WaitingDeployment, waiting: number): void {
    isNewest = !isNewest;
    turns.set(who.model, had(who) + 1);
    if (waiting === 0) turns.clear();
  }

  return {
    sorted: (waiting) => (isNewest ? waiting.toReversed() : waiting).toSorted(compare),
    upcoming(waiting) {
      const foreseen = fairOrder(turns, isNewest);
      let left = waiting;
      return waiting.flatMap(() => {
        const next = foreseen.next(left);
        if (!next) return [];
        left = left.filter((each) => each !== next);
        foreseen.begun(next, left.length);
        return [next];
      });
    },
    next: nextOf,
    begun,
  };
}

/** First come, first served. */
export const inOrder: Order<unknown> = {
  sorted: (waiting) => waiting,
  next: ([first]) => first,
  upcoming: (waiting) => waiting,
  begun: () => undefined,
};
