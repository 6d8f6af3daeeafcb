import { byPlace, leafPairs, ownContent } from './answer-content.ts';

/** The class that an answer gives to the only row of its request: its first label, a text or a whole number; undefined where it gives none, or several. */
export function classOf(answer: unknown): string | undefined {
  const said = ownContent(answer);
  for (const [, [first, ...others]] of byPlace(leafPairs(said, said))) {
    const label = first?.before;
    const isLabel = typeof label === 'string' || Number.isInteger(label);
    if (isLabel && others.length === 0) return String(label);
  }
  return undefined;
}
