/** The actions of one part of the sweep, by name, and its failures. */
export type Part = { readonly done: readonly string[]; readonly failures: readonly unknown[] };

/** Acts on each item, even when others fail. `act` returns the name of what it did, or undefined for a no-op. */
export async function each<Item>(
  list: () => Promise<readonly Item[]>,
  act: (item: Item) => Promise<string | undefined>,
): Promise<Part> {
  const done: string[] = [];
  const failures: unknown[] = [];
  const items = await list().catch((failure: unknown) => {
    failures.push(failure);
    return [];
  });
  for (const item of items) {
    try {
      const name = await act(item);
      if (name !== undefined) done.push(name);
    } catch (failure) {
      failures.push(failure);
    }
  }
  return { done, failures };
}
