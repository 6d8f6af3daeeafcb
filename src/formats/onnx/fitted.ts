import type { WeightPrint } from '#domain/artifact/weights.ts';
import type { Span } from '#formats/bytes/byte-window.ts';
import { memorySource } from '#formats/bytes/memory-source.ts';
import type { Wire } from '#formats/bytes/protobuf-walk.ts';
import {
  type FittedTensor,
  fractions,
  isSparseName,
  MOST_READ_BYTES,
  type Numbers,
  tensorPrints,
  whole,
} from '#formats/bytes/tensor-prints.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type FileWithBytes, locate } from './external-data.ts';
import type { ExternalRange, Tensor } from './tensor.ts';
import type { ElementType } from './types.ts';

/** The numbers of a graph that a training found: tensors, and lists among the attributes of nodes. */
export type Fitted = {
  readonly tensors: FoundTensor[];
  readonly lists: FoundList[];
  /** The tensors of which a node takes single rows. */
  readonly gathered: Set<string>;
  listBytes: number;
  /** Whether each of them can be read. */
  isWhole: boolean;
};

type FoundTensor = {
  name: string;
  readonly type: ElementType;
  readonly bytes: number;
  readonly place: Span | ExternalRange;
};
type FoundList = Pick<FittedTensor, 'name' | 'isFinal' | 'isList'> & { readonly bytes: Uint8Array };

/** Numbers that count or choose something have no print. */
const FITTED = /^(FLOAT|DOUBLE|BFLOAT|U?INT(2|4|8)$)/;
const FRACTIONS = /^(FLOAT16|BFLOAT16|FLOAT|DOUBLE)$/;
/** Constants of a formula are single numbers. */
const FEWEST = 2;
const FLOAT: Numbers = fractions(32);
const SMALLEST_LIST = 1024;
/** The operators that prepare rows for the one that answers. */
const PREPARES = /^ai\.onnx\.ml::(Scaler|Imputer|Normalizer|Binarizer)$/;
const TREES = /^ai\.onnx\.ml::TreeEnsemble/;
/** Operators that compare with rows of the training, of which another training keeps some: neighbours, support vectors, and kernels, as skl2onnx writes them. */
const KEEPS_ROWS = /::(SVMClassifier|SVMRegressor|CDist|Scan)$/;
/** The name of the attribute, which exporters give to its tensor. */
const UNNAMED = /^(value)?$/;
/** The domain of models that were fitted without layers, such as trees. */
const CLASSICAL = 'ai.onnx.ml::';

export function nothingFitted(): Fitted {
  return { tensors: [], lists: [], gathered: new Set(), listBytes: 0, isWhole: true };
}

export function addTensor(
  fitted: Fitted,
  { name, type, elements, weightBytes: bytes, data, external }: Tensor,
): void {
  if (elements < FEWEST || !FITTED.test(type.name)) return;
  const place = external ?? data;
  if (place) fitted.tensors.push({ name, type, bytes, place });
  else fitted.isWhole = false;
}

/** A list of numbers of 32 bits, which a node's attribute holds one by one, or packed. */
export type NumberList = { name: Span | undefined; bytes: Uint8Array; length: number };

export function emptyList(): NumberList {
  return { name: undefined, bytes: new Uint8Array(), length: 0 };
}

/** Keeps no more than is read for the prints of a model. */
export function addNumbers(fitted: Fitted, list: NumberList, numbers: Uint8Array): void {
  fitted.listBytes += numbers.length;
  if (fitted.listBytes > MOST_READ_BYTES) {
    fitted.isWhole = false;
    return;
  }
  if (list.length + numbers.length > list.bytes.length) {
    const grown = new Uint8Array(
      Math.max(SMALLEST_LIST, 2 * list.bytes.length, list.length + numbers.length),
    );
    grown.set(list.bytes.subarray(0, list.length));
    list.bytes = grown;
  }
  list.bytes.set(numbers, list.length);
  list.length += numbers.length;
}

/** Whether so many bytes more may be kept. */
export function hasRoom({ listBytes, isWhole }: Fitted, bytes: number): boolean {
  return isWhole && listBytes + bytes <= MOST_READ_BYTES;
}

/** A node whose attributes hold tensors, the first of them at `from`, and lists. */
export type FoundNode = {
  readonly operator: string;
  readonly name: Span | undefined;
  readonly from: number;
  readonly lists: readonly NumberList[];
};

/** Adds the lists of a node; what it holds without a name is called by the node. */
export async function addNode(
  wire: Wire,
  fitted: Fitted,
  { operator, name, from, lists }: FoundNode,
): Promise<void> {
  const own = operator.startsWith(CLASSICAL) ? lists.filter(({ length }) => length > 0) : [];
  if (fitted.tensors.length === from && own.length === 0) return;
  const textOf = async (span: Span | undefined) =>
    span ? wire.text({ ...span, tag: 0, value: 0 }) : '';
  const node = (await textOf(name)) || operator.slice(operator.lastIndexOf(':') + 1);
  for (const tensor of fitted.tensors.slice(from)) {
    if (UNNAMED.test(tensor.name)) tensor.name = `${node}.value`;
  }
  for (const list of own) {
    const isFinal = !PREPARES.test(operator);
    const bytes = list.bytes.subarray(0, list.length);
    const isList = TREES.test(operator);
    fitted.lists.push({ name: `${node}.${await textOf(list.name)}`, isFinal, isList, bytes });
  }
}

/** The prints of a model; undefined where it keeps rows of its training, or some of its numbers cannot be read. */
export async function printsOf(
  { fitted, operators }: { readonly fitted: Fitted; readonly operators: ReadonlySet<string> },
  source: ByteSource,
  file: string,
  files: readonly FileWithBytes[],
): Promise<readonly WeightPrint[] | undefined> {
  const { tensors, lists, gathered, isWhole } = fitted;
  if (!isWhole || [...operators].some((each) => KEEPS_ROWS.test(each))) return undefined;
  const sources = new Map<string, Promise<ByteSource> | undefined>();
  const byName = new Map(files.map((each) => [each.name, each]));
  const sizes = new Map(files.map(({ name, sizeBytes }) => [name, sizeBytes]));
  const found: FittedTensor[] = lists.map(({ bytes, ...list }) => ({
    ...list,
    ...{ source: memorySource(bytes), start: 0 },
    ...{ bytes: bytes.length, numbers: FLOAT },
  }));
  for (const { name, type, bytes, place } of tensors) {
    const isSparse = isSparseName(name) || gathered.has(name);
    const own = { name, isFinal: true, ...(isSparse && { isSparse }) };
    const numbers = FRACTIONS.test(type.name) ? fractions(type.bits) : whole(type.bits);
    if ('start' in place) {
      const { start, end } = place;
      found.push({ ...own, source, start, bytes: end - start, numbers });
      continue;
    }
    const { location, offset } = locate(place, file, sizes);
    if (!sources.has(location)) sources.set(location, byName.get(location)?.open?.());
    const beside = await sources.get(location);
    if (!beside) return undefined;
    found.push({ ...own, source: beside, start: offset, bytes, numbers });
  }
  return tensorPrints(found);
}
