import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { ColumnRange } from './column-range.ts';
import type { Format } from './format.ts';
import type { MemoryTerm } from './memory-term.ts';
import type { Signature } from './signature.ts';
import type { WeightPrint } from './weights.ts';

/** A Python package under its `pip install` name; `version` is exact ("1.5.2") where the artifact records it, else null. */
export type Framework = { readonly name: string; readonly version: string | null };

/**
 * The one file that a framework loads from a folder or archive model: its path within the model's folder, its format, and
 * the class it is loaded into if the artifact names one ("xgboost.sklearn.XGBClassifier"), else null.
 */
export type ModelData = {
  readonly file: string;
  readonly format: Format;
  readonly modelClass: string | null;
};

/**
 * How a language model is served: `contextTokens` is the limit of a request and its answer together, `requestsAtOnce` the number of requests that are answered in parallel.
 * An embedding model answers a vector for each text; a generating model continues the text, and a conversation too where it has a chat template.
 */
export type LanguageServing = {
  readonly task: 'generate' | 'embed';
  readonly contextTokens: number;
  readonly requestsAtOnce: number;
  readonly hasChatTemplate: boolean;
  /** Answers end at a token that texts have too, so llama.cpp cannot hold the model to a text. */
  readonly endsByText?: boolean;
};

/**
 * A language model as GPUs hold it. `weightBytes` is the memory of the weights there; `cacheWidth` is the number of values per token in the cache of keys and values, over all layers;
 * `heads` are divided among GPUs; `contextLength` is the network's maximum, `contextTokens` and `requestsAtOnce` are the least that must fit.
 */
export type GpuModel = {
  readonly weightBytes: number;
  readonly cacheWidth: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly vocabulary: number;
  readonly heads: number;
  readonly contextLength: number;
  readonly contextTokens: number;
  readonly requestsAtOnce: number;
  /** It computes in bfloat16, which GPUs before Ampere do not support. */
  readonly isBfloat16: boolean;
};

/** A model's task, by the names of Hugging Face's pipelines. */
export type PipelineTask =
  | 'text-classification'
  | 'token-classification'
  | 'question-answering'
  | 'fill-mask'
  | 'feature-extraction'
  | 'image-classification'
  | 'text-generation'
  | 'text2text-generation'
  | 'automatic-speech-recognition'
  | 'audio-classification'
  | 'text-to-audio'
  | 'zero-shot-audio-classification'
  | 'object-detection'
  | 'zero-shot-object-detection'
  | 'image-segmentation'
  | 'depth-estimation'
  | 'image-feature-extraction'
  | 'zero-shot-image-classification'
  | 'image-text-to-text'
  | 'audio-text-to-text'
  | 'time-series-forecasting'
  | 'video-classification';

/** How images are prepared for a network, by the name of transformers' class; `width` and `height` are the size that reaches the network, in pixels. `isPrepared`: the ONNX server prepares them as that class does. */
export type ImageServing = {
  readonly processor: string;
  readonly width: number;
  readonly height: number;
  readonly isPrepared: boolean;
};

/** A module of sentence-transformers after its pooling, by the name of its class; `path` is its folder within the model's. A Dense ends with an activation function of torch, by its name, and with `isResidual` adds its input to its output. */
export type SentenceModule =
  | {
      readonly kind: 'Dense';
      readonly path: string;
      readonly activation: string;
      readonly isResidual?: boolean;
    }
  | { readonly kind: 'LayerNorm'; readonly path: string }
  | { readonly kind: 'Normalize' };

/**
 * How a Hugging Face folder is served. `labels` are in the order of the outputs, empty where it has none; `maxTokens` is the longest text, longer ones are truncated.
 * `pooling` and `normalizes` are those of sentence-transformers: how the vectors of the tokens become one vector.
 */
export type PipelineServing = {
  readonly task: PipelineTask;
  readonly architecture: string;
  readonly labels: readonly string[];
  readonly maxTokens: number | null;
  readonly pooling: string | null;
  readonly normalizes: boolean;
  /** The type that tokenizer.json gives: "WordPiece", "BPE", "Unigram". */
  readonly tokenizer: string | null;
  readonly hasChatTemplate: boolean;
  /** True where there is no tokenizer.json, which the ONNX server reads: transformers makes the tokenizer from other files, and serves the model. */
  readonly isTokenMade?: boolean;
  /** The modules that process a vector between `pooling` and `normalizes`. */
  readonly modules?: readonly SentenceModule[];
  /** The text that sentence-transformers puts before each text. */
  readonly prompt?: string;
  /** True where sentence-transformers lower-cases the texts. */
  readonly lowers?: boolean;
  /** How many of a vector's numbers sentence-transformers keeps, from the first one. */
  readonly dimensions?: number;
  /** The function that a cross encoder of sentence-transformers applies to its network's scores. */
  readonly activation?: 'sigmoid' | 'none';
  /** Only for models that take images. */
  readonly image?: ImageServing;
};

/**
 * How texts become tokens and answers become texts, as digests of what the files mean: the same model that its framework saves again has the same ones.
 * A digest or a setting of another `from` cannot be compared. Null where the model has no such part.
 */
export type TextPreparation = {
  /** The files or the format that say it: "tokenizer.json", "gguf". */
  readonly from: string;
  /** The numbers of the tokens. */
  readonly vocabulary: string | null;
  /** How a text is cut into tokens. */
  readonly splitting: string | null;
  /** The special tokens, and the settings that add them to each text, as JSON. */
  readonly tokens: Readonly<Record<string, string>>;
  readonly chatTemplate: string | null;
  /** The settings by which a model generates where a request says nothing, as JSON; a long one as its digest. */
  readonly generation: Readonly<Record<string, string>>;
};

/** Everything that the bytes of one format say about the model in them. */
export type ModelFacts = {
  readonly format: Format;
  /** The version of the file format itself: "pickle 4, joblib, zlib", "v4", "ai.onnx 17". */
  readonly formatVersion: string;
  /** Null where the artifact names no framework: plain Python. */
  readonly framework: Framework | null;
  /** "3.11", or "3.11.7" if the artifact is that exact; null if it does not record it. */
  readonly pythonVersion: string | null;
  /** The pip requirement specifiers of the model besides its framework, in the artifact's order. */
  readonly requirements: readonly string[];
  /** Null where the bytes do not describe the inputs. `outputs` may be empty where only the inputs are known. */
  readonly signature: Signature | null;
  /** True where the model takes named columns, each an input of `signature`, instead of one tensor. */
  readonly takesColumns: boolean;
  /** The number of tensor elements, nodes and thresholds; null where the format does not record it. */
  readonly parameters: number | null;
  /** The memory of the parameters, in bytes. */
  readonly weightBytes: number;
  /** The element types by the protocol's names, or by the format's own where the protocol has none; sorted. */
  readonly dtypes: readonly string[];
  /** The prints of the numbers that a training found, where the format's reader makes them; absent for files with too many of them. */
  readonly weights?: readonly WeightPrint[];
  /** Where the values of each column lay when the model was trained, where its numbers say so. */
  readonly ranges?: readonly ColumnRange[];
  /** The expected memory for serving it; the estimate is the sum of the terms. */
  readonly memory: readonly MemoryTerm[];
  /** The same for its own framework, where `memory` is for the ONNX model that a build makes if it can. */
  readonly unconverted?: readonly MemoryTerm[];
  /** The loss that boosted trees were trained for, by their framework's own name: "reg:squarederror". */
  readonly objective?: string;
  /** A request that the artifact itself carries, or null. */
  readonly example: GoldenRequest | null;
  /** The class or function that answers: "sklearn.pipeline.Pipeline", "predict.py:Predictor"; null where the format leaves no choice. */
  readonly entrypoint: string | null;
  /** The file's own names for the tensors of `signature`, in its order, where its framework knows them only by these names. */
  readonly tensorNames?: {
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  };
  /** Files of the artifact that the server does not read, so its image omits them. */
  readonly leftOut?: readonly string[];
  /** Only for language models. */
  readonly language?: LanguageServing;
  /** Present where GPUs could serve it. */
  readonly gpuModel?: GpuModel;
  /** The quantization method of its weights, where only GPUs can compute with them: "gptq", "awq". */
  readonly quantizer?: string;
  /** The type of a language model's network where transformers does not know it, though vLLM may. */
  readonly unknownType?: string;
  /** Only for models of texts. */
  readonly text?: TextPreparation;
  /** Only for Hugging Face folders. */
  readonly pipeline?: PipelineServing;
  /** Absent where the model is a single file, or code that does its own loading. */
  readonly data?: ModelData;
};

/** A file in an archive and its position: `offset` counts the archive's bytes, for a gzipped tar the decompressed ones. `crc` is null in a tar. */
export type ArchiveMember = {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly storedBytes: number;
  readonly isDeflated: boolean;
  readonly crc: number | null;
};

/** How to unpack an archive without listing it again: these members and nothing else. */
export type Unpacking = {
  readonly archive: string;
  readonly isGzipped: boolean;
  readonly members: readonly ArchiveMember[];
};

/** Everything that inspection reads from an artifact's bytes, without ever loading it. `sizeBytes` is the size of all its files. */
export type ArtifactFacts = ModelFacts & {
  /** The archives that contain the model, the outermost first; empty where it lies among the artifact's files. */
  readonly archives: readonly string[];
  /** How to reach the files in the innermost archive: one step for each of `archives`. */
  readonly unpacking: readonly Unpacking[];
  /** The path of the model's file or folder within the artifact or the innermost archive; `.` for all of it. */
  readonly modelFile: string;
  readonly sizeBytes: number;
};
