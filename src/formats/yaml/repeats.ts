import { type Document, isScalar, visit } from 'yaml';

export type RepeatedKey = { readonly name: string; readonly offset: number };

/** The keys that occur earlier in their map, found in linear time: the parser's own `uniqueKeys` compares each key with all before it, which takes minutes for the most keys that fit into a manifest. */
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
