import { RUNTIMES, type RuntimeName } from '#domain/build/runtime.ts';

type Served = {
  /** The file that identifies a folder of this format; null where the format is a single file. */
  readonly marker: string | null;
  /** The runtime that loads it as saved; a build may convert it for another runtime. */
  readonly runtime: RuntimeName;
};

/** The formats that Slipway serves, as the manifest and the registry name them. */
export const SERVED = {
  onnx: { marker: null, runtime: 'onnx' },
  sklearn: { marker: null, runtime: 'python' },
  skops: { marker: null, runtime: 'python' },
  xgboost: { marker: null, runtime: 'python' },
  lightgbm: { marker: null, runtime: 'python' },
  catboost: { marker: null, runtime: 'python' },
  gguf: { marker: null, runtime: 'python' },
  torch: { marker: null, runtime: 'python' },
  huggingface: { marker: 'config.json', runtime: 'onnx' },
  tflite: { marker: null, runtime: 'python' },
  savedmodel: { marker: 'saved_model.pb', runtime: 'python' },
  keras: { marker: null, runtime: 'python' },
  spacy: { marker: 'config.cfg', runtime: 'python' },
  mlflow: { marker: 'MLmodel', runtime: 'python' },
  sagemaker: { marker: 'code/inference.py', runtime: 'python' },
  python: { marker: 'predict.py', runtime: 'python' },
  custom: { marker: 'Dockerfile', runtime: 'custom' },
} as const satisfies Readonly<Record<string, Served>>;

export type Format = keyof typeof SERVED;

/** Formats whose model is one file. */
export type FileFormat = {
  [Name in Format]: (typeof SERVED)[Name]['marker'] extends null ? Name : never;
}[Format];

function isFormat(name: string): name is Format {
  return name in SERVED;
}

export const FORMATS: readonly Format[] = Object.keys(SERVED).filter(isFormat);

type Loaded = {
  readonly format: Format;
  readonly data?: { readonly format: Format };
  readonly language?: object | undefined;
  readonly pipeline?: { readonly isTokenMade?: boolean };
};

/** The runtime that loads what was found, as it was saved. A folder of Hugging Face's is its own format where it has its weights as safetensors, which transformers loads. */
export function runtimeOf({ format, data }: Loaded): RuntimeName {
  return data?.format === 'huggingface' ? 'python' : SERVED[format].runtime;
}

// OpenVINO runs these as they are.
const NETWORKS: readonly Format[] = ['tflite', 'savedmodel', 'keras'];

/** Whether a build tries to make ONNX of it. What is a folder brings code, but for what transformers loads; a language model is more than one pass through a graph. */
export function isConvertible({ format, data, language, pipeline }: Loaded): boolean {
  if (language || pipeline?.isTokenMade) return false;
  if (isFolderFormat(format)) return data?.format === 'huggingface';
  return !NETWORKS.includes(format);
}

/** Whether a build loads and proves it with Python packages. */
export function needsPython(format: Format): boolean {
  return RUNTIMES[SERVED[format].runtime].takesPackages;
}

export function isFolderFormat(format: Format): boolean {
  return SERVED[format].marker !== null;
}
