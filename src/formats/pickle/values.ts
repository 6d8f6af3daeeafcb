import type { Print } from '#formats/bytes/weight-print.ts';
import type { Library } from './held-boosters.ts';

/** The value that a pickle would create, as far as that is known without creating it. A number may be rounded. */
export type Value = null | boolean | number | string | Thing;

export type Thing = Global | Instance | Tuple | List | Dict | Bytes | DType | Ndarray | Opaque;

/** How a class or function may be used: called with arguments, created without its `__init__`, filled like a dict or a list. Any may be referred to. */
export type Uses = {
  readonly call: boolean;
  readonly make: boolean;
  readonly fill: boolean;
  /** Set where the class takes its state in compiled code: any tuple. */
  readonly takesAnyState?: true;
};

export type Global = {
  readonly kind: 'global';
  readonly module: string;
  /** Qualified by its module: `sklearn.svm._classes.SVC`. */
  readonly name: string;
  readonly uses: Uses;
};

/** The result of a class or function: its arguments, and the attributes set on it. */
export type Instance = {
  readonly kind: 'instance';
  readonly of: Global;
  readonly args: readonly Value[];
  readonly attributes: Map<string, Value>;
  /** Only in torch's pickles: the values under string keys, of an OrderedDict. */
  readonly entries?: Map<string, Value>;
};

/** `weight` counts its items and their items, each as often as it is reached. */
export type Tuple = {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
  readonly weight: number;
};

/** A list or a set; only its first items are kept, `length` counts all. */
export type List = { readonly kind: 'list'; readonly items: Value[]; length: number };

/** `entries` keeps the first entries with string keys; `length` counts all entries set. A sealed dict may not change any more. */
export type Dict = {
  readonly kind: 'dict';
  readonly entries: Map<string, Value>;
  length: number;
  /** True when some key is not a plain string or number, so that its equality is unknown. */
  hasUnread: boolean;
  isSealed: boolean;
};

/** `head` has the content of short bytes, a character per byte, and is empty for longer ones; `booster` is the library whose model they contain, `print` that of longer bytes, `few` the bytes themselves, where they are few. */
export type Bytes = {
  readonly kind: 'bytes';
  readonly head: string;
  readonly few?: Uint8Array;
  readonly booster?: Library;
  readonly print?: Print;
};

/** A value that is not examined, except a string in which a library's model was read. */
type Opaque = { readonly kind: 'opaque'; readonly booster?: Library; readonly print?: Print };

/** An array's element type: `code` as in `f8`, its size in bytes, and whether its elements are Python objects. */
export type DType = {
  readonly kind: 'dtype';
  readonly code: string;
  itemBytes: number;
  isBuilt: boolean;
  isBigEndian?: boolean;
  /** The fields of a record, by their names. */
  fields?: ReadonlyMap<string, { readonly start: number; readonly code: string }>;
  /** Where a record has bytes that belong to no field. */
  gaps?: readonly { readonly start: number; readonly end: number }[];
};

export type Ndarray = {
  readonly kind: 'array';
  dtype: DType | undefined;
  shape: readonly number[];
  /** Only for an array of Python objects. */
  items: readonly Value[];
  /** The elements of a short list of texts or numbers. */
  few?: readonly (string | number)[];
  /** Only for fractions and records. */
  print?: Print;
};

/** Values that are not examined: large numbers, long strings, dict values under other keys. */
export const OPAQUE: Thing = { kind: 'opaque' };

export const SOME_BYTES: Bytes = { kind: 'bytes', head: '' };

/** The type code that numpy writes for an array whose type is not known yet. */
export const NO_TYPE: Bytes = { kind: 'bytes', head: 'b' };

export function isThing(value: Value | undefined): value is Thing {
  return typeof value === 'object' && value !== null;
}

export function isInstance(value: Value | undefined): value is Instance {
  return isThing(value) && value.kind === 'instance';
}

export function isTuple(value: Value | undefined): value is Tuple {
  return isThing(value) && value.kind === 'tuple';
}

/** The items of a tuple or a list. */
export function itemsOf(value: Value | undefined): readonly Value[] {
  return isThing(value) && (value.kind === 'tuple' || value.kind === 'list') ? value.items : [];
}

export function isDType(value: Value | undefined): value is DType {
  return isThing(value) && value.kind === 'dtype';
}

export function isCount(value: Value | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
