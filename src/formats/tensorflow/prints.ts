import type { WeightPrint } from '#domain/artifact/weights.ts';
import {
  fractions,
  isSparseName,
  MOST_STREAMED_BYTES,
  type Numbers,
  tensorPrints,
  whole,
} from '#formats/bytes/tensor-prints.ts';
import { MOST_PRINTS } from '#formats/bytes/weight-print.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { variableNames } from './variable-names.ts';
import type { Variables } from './variables.ts';

/** The operators that take single rows of a table. */
const TAKES_ROWS = /Gather|Embedding|SparseSegment/;
/** A table has a row, or a matrix, for each token or expert; kernels of convolutions over pictures have four axes. */
const AXES_OF_TABLES: readonly number[] = [2, 3];
/** The weights that Keras multiplies as a whole with each input; the table of an embedding is `embeddings` there. */
const MULTIPLIED = /(^|\/)(recurrent_)?kernel$/;
const FRACTION = /^(FP|BF)\d+$/;
// Keras 3 ends each name so.
const NAME_ENDS = '/.ATTRIBUTES/VARIABLE_VALUE';

/** The prints of a SavedModel's variables. Where its graph has one of those operators, any table may be an embedding, unless its full name says that it is multiplied as a whole: the index of Keras 3 calls all of them `variables/0`, `variables/1` and so on. */
export async function variablePrints(
  { tensors: variables, list }: Pick<Variables, 'tensors' | 'list'>,
  operators: ReadonlySet<string>,
): Promise<readonly WeightPrint[] | undefined> {
  const takesRows = [...operators].some((operator) => TAKES_ROWS.test(operator));
  const fitted = variables.flatMap((variable) => {
    const { type, bytes } = variable;
    const numbers = numbersOf(type?.name ?? '', type?.bits ?? 0);
    return numbers && bytes > 0 ? [{ ...variable, numbers }] : [];
  });
  // Before a file is opened: there may be one for each variable.
  if (fitted.length > MOST_PRINTS) return undefined;
  const sources = new Map<string, ByteSource>();
  for (const { file } of fitted) {
    if (!sources.has(file.name)) sources.set(file.name, await file.open());
  }
  // Before the names are read, which lie behind the numbers: to read backwards decompresses an archive once more.
  const streamed = [...sources.values()].reduce((sum, each) => sum + (each.streamedBytes ?? 0), 0);
  if (streamed > MOST_STREAMED_BYTES) return undefined;
  const names = takesRows && list ? await variableNames(list) : new Map<string, string>();
  const tensors = fitted.flatMap(({ name, shape, file, start, bytes, numbers }) => {
    const source = sources.get(file.name);
    const isTable = takesRows && AXES_OF_TABLES.includes(shape.length);
    const isSparse = isSparseName(name) || (isTable && !MULTIPLIED.test(names.get(name) ?? ''));
    const print = { name: name.replace(NAME_ENDS, ''), isFinal: true, start, bytes, numbers };
    return source ? [{ ...print, source, ...(isSparse && { isSparse }) }] : [];
  });
  return tensorPrints(tensors);
}

/** Whole numbers of a byte are quantized weights; larger ones count something. */
function numbersOf(type: string, bits: number): Numbers | undefined {
  if (FRACTION.test(type)) return fractions(bits);
  return type === 'INT8' ? whole(bits) : undefined;
}
