/** One part of a model's memory use, in bytes: "weights", "scikit-learn and its imports". */
export type MemoryTerm = { readonly name: string; readonly bytes: number };
