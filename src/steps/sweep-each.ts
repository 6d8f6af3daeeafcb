/** What a part of the sweep has done, by name, and what it could not do. */
export type Part = { readonly done: readonly string[]; readonly failures: readonly unknown[] };

/** Acts on each item, whatever befalls the others; `act` answers the name of what it did, or undefined where there was nothing to do. */
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
