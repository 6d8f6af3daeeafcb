/** A runtime that answers for a model: `onnx` by ONNX Runtime in Node, `python` by its own framework. */
type Server = 'onnx' | 'python';

type Served = {
  /** The file by which a folder of it is known; null where it is a file. */
  readonly marker: string | null;
  readonly runtimes: readonly Server[];
  /** What inspection reads from its bytes, and who answers: the words of docs/formats.md. */
  readonly reads: string;
  readonly servedBy: string;
};

/** The formats that Slipway serves, as the manifest and the registry name them. */
export const SERVED = {
  onnx: {
    marker: null,
    runtimes: ['onnx'],
    reads: 'operator sets, tensors, inputs and outputs',
    servedBy: 'the ONNX server',
  },
  sklearn: {
    marker: null,
    runtimes: ['onnx', 'python'],
    reads: 'estimator, its scikit-learn, features, classes',
    servedBy: 'ONNX or Python',
  },
  skops: {
    marker: null,
    runtimes: ['onnx', 'python'],
    reads: 'the same, from its tree of types',
    servedBy: 'ONNX or Python',
  },
  xgboost: {
    marker: null,
    runtimes: ['onnx', 'python'],
    reads: 'version, objective, features and their names, trees',
    servedBy: 'ONNX or Python',
  },
  lightgbm: {
    marker: null,
    runtimes: ['onnx', 'python'],
    reads: 'objective, features, classes, trees; the file does not tell its version',
    servedBy: 'ONNX or Python',
  },
  catboost: {
    marker: null,
    runtimes: ['onnx', 'python'],
    reads: 'features, classes, trees, and its version where it says so',
    servedBy: 'ONNX or Python',
  },
  mlflow: {
    marker: 'MLmodel',
    runtimes: ['onnx', 'python'],
    reads: 'flavour, signature, example, packages, Python',
    servedBy: 'as its flavour; `python_function` by MLflow',
  },
  sagemaker: {
    marker: 'code/inference.py',
    runtimes: ['onnx', 'python'],
    reads: 'handlers and packages, or the model in it',
    servedBy: 'as the model in it; handlers by Python',
  },
  python: {
    marker: 'predict.py',
    runtimes: ['python'],
    reads: 'what answers in it: `Predictor`, `Model` or `predict`',
    servedBy: 'Python',
  },
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

export function isFolderFormat(format: Format): boolean {
  return SERVED[format].marker !== null;
}
