import type { Library } from '#formats/trees/held-boosters.ts';

/** What a pickle would make, as far as it is known without making it. A number may be one that JavaScript rounds. */
export type Value = null | boolean | number | string | Thing;

export type Thing = Global | Instance | Tuple | List | Dict | Bytes | DType | Ndarray | Opaque;

/** How a class or function may be used: called with arguments, made without its `__init__`, filled like a dict or a list; all may be referred to. */
export type Uses = {
  readonly call: boolean;
  readonly make: boolean;
  readonly fill: boolean;
};

export type Global = {
  readonly kind: 'global';
  readonly module: string;
  /** With its module: `sklearn.svm._classes.SVC`. */
  readonly name: string;
  readonly uses: Uses;
};

/** What a class or function gives: its arguments, and the attributes that were set on it. */
export type Instance = {
  readonly kind: 'instance';
  readonly of: Global;
  readonly args: readonly Value[];
  readonly attributes: Map<string, Value>;
};

/** `weight` counts what is in it and in what is in it, each as often as it is reached. */
export type Tuple = {
  readonly kind: 'tuple';
  readonly items: readonly Value[];
  readonly weight: number;
};

/** A list or a set; the first of its items, and how many there are. */
export type List = { readonly kind: 'list'; readonly items: Value[]; length: number };

/** What stands under keys which are texts, of the first of them, and how many were set. A sealed one may not change any more. */
export type Dict = {
  readonly kind: 'dict';
  readonly entries: Map<string, Value>;
  length: number;
  /** True when some key is no plain text or number, so that it is not known what it is equal to. */
  hasUnread: boolean;
  isSealed: boolean;
};

/** `head` is all of a few, a character each, and empty otherwise; `booster` says whose model was read in them. */
export type Bytes = { readonly kind: 'bytes'; readonly head: string; readonly booster?: Library };

/** What is not looked into, but for a text in which somebody's model was read. */
type Opaque = { readonly kind: 'opaque'; readonly booster?: Library };

/** A type of numpy's arrays: `code` as in `f8`, its bytes, and whether its elements are Python's objects. */
export type DType = {
  readonly kind: 'dtype';
  readonly code: string;
  itemBytes: number;
  isBuilt: boolean;
  isBigEndian?: boolean;
};

export type Ndarray = {
  readonly kind: 'array';
  dtype: DType | undefined;
  shape: readonly number[];
  /** Of an array of Python's objects. */
  items: readonly Value[];
};

/** What is not looked into: large numbers, long texts, what a dict has under other keys. */
export const OPAQUE: Thing = { kind: 'opaque' };

export const SOME_BYTES: Bytes = { kind: 'bytes', head: '' };

/** What numpy writes for the type of an array of which that is not known yet. */
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
