import * as z from 'zod/mini';
import { FORMATS, pageOf } from '#domain/artifact/format.ts';

/** An order from before facts were handed on whole: it has the facts that a build needs beside its own settings. */
const flatOrder = z.looseObject({
  format: z.string(),
  converts: z.boolean(),
  wishes: z.looseObject({ network: z._default(z.string(), 'none') }),
});

const FACTS: ReadonlySet<string> = new Set([
  'format',
  'unpacking',
  'modelFile',
  'entrypoint',
  'data',
  'allowed',
  'needsGpu',
  'signature',
  'takesColumns',
  'example',
  'tensorNames',
  'leftOut',
  'language',
  'pipeline',
]);

/** The order in today's form where an earlier Slipway has written it, so that its image can be built again; undefined for any other. */
export function currentOrder(order: unknown): object | undefined {
  const flat = flatOrder.safeParse(order).data;
  const format = FORMATS.find((each) => each === flat?.format);
  if (!flat || !format) return undefined;
  const { converts, ...settings } = flat;
  const { brings, listens, imports = [] } = pageOf(format);
  const known = Object.entries(settings).filter(([, value]) => value !== null);
  return {
    ...Object.fromEntries(Object.entries(settings).filter(([name]) => !FACTS.has(name))),
    facts: {
      ...{ entrypoint: null, signature: null, example: null },
      ...Object.fromEntries(known.filter(([name]) => FACTS.has(name))),
      brings,
      ...(listens && { listens }),
      network: flat.wishes.network,
    },
    keptBecause: converts ? null : 'an earlier version of Slipway did not convert it',
    imports,
  };
}
