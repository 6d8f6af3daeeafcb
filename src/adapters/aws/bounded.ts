/** Maps all items, at most `limit` of them concurrently. */
export async function bounded<Item, Answer>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let start = 0; start < items.length; start += limit) {
    answers.push(...(await Promise.all(items.slice(start, start + limit).map(map))));
  }
  return answers;
}
