import type { WeightPrint } from '#domain/artifact/weights.ts';
import {
  fractions,
  isSparseName,
  type Numbers,
  takeLongToPass,
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
  const opened: ((typeof fitted)[number] & { readonly source: ByteSource })[] = [];
  for (const variable of fitted) {
    const { name } = variable.file;
    const source = sources.get(name) ?? (await variable.file.open());
    sources.set(name, source);
    opened.push({ ...variable, source });
  }
  // Before the names are read, which lie behind the numbers: to read backwards decompresses an archive once more.
  if (takeLongToPass(sources.values())) return undefined;
  const names = takesRows && list ? await variableNames(list) : new Map<string, string>();
  const tensors = opened.map(({ name, shape, source, start, bytes, numbers }) => {
    const isTable = takesRows && AXES_OF_TABLES.includes(shape.length);
    const isSparse = isSparseName(name) || (isTable && !MULTIPLIED.test(names.get(name) ?? ''));
    const print = {
      name: name.replace(NAME_ENDS, ''),
      isFinal: true,
      ...(isSparse && { isSparse }),
    };
    return { ...print, source, start, bytes, numbers };
  });
  return tensorPrints(tensors);
}

/** Whole numbers of a byte are quantized weights; larger ones count something. */
function numbersOf(type: string, bits: number): Numbers | undefined {
  if (FRACTION.test(type)) return fractions(bits);
  return type === 'INT8' ? whole(bits) : undefined;
}
