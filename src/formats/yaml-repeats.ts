import { type Document, isScalar, visit } from 'yaml';

export type RepeatedKey = { readonly name: string; readonly offset: number };

/** The keys that stand in their map before, in time that grows with the text: the parser's own `uniqueKeys` compares each key with all before it, which takes minutes for as many as fit into a manifest. */
export function repeatedKeys(document: Document): readonly RepeatedKey[] {
  const repeated: RepeatedKey[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) repeated.push({ name, offset: key.range?.[0] ?? 0 });
        seen.add(name);
      }
    },
  });
  return repeated;
}
