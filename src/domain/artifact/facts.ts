import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { Format } from './format.ts';
import type { Signature } from './signature.ts';

/** A Python package by the name that `pip install` takes; `version` is exact ("1.5.2") where the artifact tells it, else null. */
export type Framework = { readonly name: string; readonly version: string | null };

/** One reason why a model takes memory, in bytes: "weights", "scikit-learn and its imports". */
export type MemoryTerm = { readonly name: string; readonly bytes: number };

/**
 * The one file that a framework loads of a model that is a folder or an archive: its path within the model's folder, what it is, and
 * the class that it is loaded into where the artifact names one ("xgboost.sklearn.XGBClassifier"), else null.
 */
export type ModelData = {
  readonly file: string;
  readonly format: Format;
  readonly modelClass: string | null;
};

/**
 * How a language model is served: `contextTokens` is what a request and its answer may have together, `requestsAtOnce` how many are answered side by side.
 * One that embeds answers a vector for each text; one that generates goes on with it, and with a conversation where it has a chat template.
 */
export type LanguageServing = {
  readonly task: 'generate' | 'embed';
  readonly contextTokens: number;
  readonly requestsAtOnce: number;
  readonly hasChatTemplate: boolean;
};

/** What the bytes of one format say of the model in them. */
export type ModelFacts = {
  readonly format: Format;
  /** Of the file format itself: "pickle 4, joblib, zlib", "v4", "ai.onnx 17". */
  readonly formatVersion: string;
  /** Null where no framework is named: plain Python. */
  readonly framework: Framework | null;
  /** "3.11", or "3.11.7" where the artifact says as much; null where it does not. */
  readonly pythonVersion: string | null;
  /** Requirement specifiers of pip for what the model needs beside its framework, in the artifact's order. */
  readonly requirements: readonly string[];
  /** Null where the bytes do not tell what goes in. `outputs` may be empty then as well. */
  readonly signature: Signature | null;
  /** True where the model is called with named columns, each an input of `signature`, rather than with one tensor. */
  readonly takesColumns: boolean;
  /** Elements of its tensors, nodes and thresholds; null where the format does not tell. */
  readonly parameters: number | null;
  /** What they take in memory, in bytes. */
  readonly weightBytes: number;
  /** The protocol's names of the element types, or the format's own where it has none; sorted. */
  readonly dtypes: readonly string[];
  /** What serving it is expected to take; the sum of the terms is the estimate. */
  readonly memory: readonly MemoryTerm[];
  /** A request that the artifact itself carries, or null. */
  readonly example: GoldenRequest | null;
  /** The class or function that answers: "sklearn.pipeline.Pipeline", "predict.py:Predictor"; null where the format has one way only. */
  readonly entrypoint: string | null;
  /** Of language models alone. */
  readonly language?: LanguageServing;
  /** Absent where the model is one file itself, or code that loads what it wants. */
  readonly data?: ModelData;
};

/** A file in an archive and where it is: `offset` in its bytes, of a tar in gzip in those that come out of that. `crc` is null in a tar. */
export type ArchiveMember = {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  readonly isDeflated: boolean;
  readonly crc: number | null;
};

/** How an archive is unpacked, without reading again what is in it: these members and nothing else. */
export type Unpacking = {
  readonly archive: string;
  readonly isGzipped: boolean;
  readonly members: readonly ArchiveMember[];
};

/** What inspection reads from an artifact's bytes, never by loading it. `sizeBytes` is that of all its files. */
export type ArtifactFacts = ModelFacts & {
  /** The archives that the model is in, the outer one first; none where it lies among the artifact's files. */
  readonly archives: readonly string[];
  /** How to come by the files in the innermost archive: a step for each of `archives`. */
  readonly unpacking: readonly Unpacking[];
  /** The path of the model within the artifact or the inner archive; of a model that is a folder the folder's, `.` for all of it. */
  readonly modelFile: string;
  readonly sizeBytes: number;
};
