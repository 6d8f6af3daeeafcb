import type { Instance, Value } from '#formats/pickle/values.ts';

/** An object of a class by its whole name, with these attributes, as a pickle would make it. */
export function part(name: string, attributes: Readonly<Record<string, Value>>): Instance {
  const of = {
    ...({ kind: 'global', module: name.slice(0, name.lastIndexOf('.')), name } as const),
    uses: { call: false, make: true, fill: false },
  };
  return { kind: 'instance', of, args: [], attributes: new Map(Object.entries(attributes)) };
}
