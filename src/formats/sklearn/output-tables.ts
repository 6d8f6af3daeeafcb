import { isInstance, isThing, itemsOf, type Value } from '#formats/pickle/values.ts';

const TABLES = ['pandas', 'polars'] as const;

/** The packages whose tables its transformers return, as set by `set_output(transform=…)`: scikit-learn requires none of them. */
export function outputTables(root: Value): readonly string[] {
  const seen = new Set<Value>();
  const found = new Set<string>();
  for (const rest: Value[] = [root]; rest.length > 0; ) {
    const value = rest.pop();
    if (value === undefined || !isThing(value) || seen.has(value)) continue;
    seen.add(value);
    if (isInstance(value)) {
      found.add(saidOf(value.attributes.get('_sklearn_output_config')));
      rest.push(...value.attributes.values());
    } else {
      rest.push(...itemsOf(value));
    }
  }
  return TABLES.filter((name) => found.has(name));
}

function saidOf(config: Value | undefined): string {
  return isThing(config) && config.kind === 'dict' ? String(config.entries.get('transform')) : '';
}
