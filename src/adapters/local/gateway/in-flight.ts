/** How many requests each revision has in flight. */
export type InFlight = {
  begin(revision: string): void;
  end(revision: string): void;
  count(revision: string): number;
};

export function inFlight(): InFlight {
  const counts = new Map<string, number>();
  const count = (revision: string) => counts.get(revision) ?? 0;
  return {
    begin: (revision) => void counts.set(revision, count(revision) + 1),
    end(revision) {
      if (count(revision) > 1) counts.set(revision, count(revision) - 1);
      else counts.delete(revision);
    },
    count,
  };
}
