import { readerOf } from '#formats/bytes/byte-reader.ts';
import type { FlatTable } from '#formats/bytes/flatbuffer.ts';
import { MOST_READ_BYTES } from '#formats/bytes/tensor-prints.ts';
import { MOST_PRINTS, type Print, printOfList, wholePrinter } from '#formats/bytes/weight-print.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

// The fields in the order of catboost/libs/model/flatbuffers/model.fbs.
const TREES = { sizes: 2, leafValues: 8, steps: 10 } as const;
const VALUE_BYTES = 8;

/**
 * The print of the values in the leaves, tree by tree, of trees that are sound. A training moves those of each tree, since each corrects the trees before it.
 * Undefined for trees that do not ask one question for each level, and for more of them than are read for the prints of a model.
 */
export async function catboostPrint(
  source: ByteSource,
  trees: FlatTable,
  dimension: number,
): Promise<Print | undefined> {
  const place = await trees.span(TREES.leafValues);
  const bytes = (await trees.length(TREES.leafValues)) * VALUE_BYTES;
  const sizes = await trees.numbers(TREES.sizes);
  const isUneven = (await trees.length(TREES.steps)) > 0;
  if (!place || isUneven || bytes > MOST_READ_BYTES || sizes.length > MOST_PRINTS) return undefined;
  const reader = readerOf(source, place.start);
  const prints: Print[] = [];
  for (const size of sizes) {
    const length = 2 ** size * dimension * VALUE_BYTES;
    const values = await reader.take(length);
    if (values.length < length) return undefined;
    const { see, print } = wholePrinter();
    see(values);
    prints.push(print());
  }
  return prints.length > 0 ? printOfList(prints) : undefined;
}
