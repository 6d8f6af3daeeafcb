/** A runtime that answers for a model: `onnx` by ONNX Runtime in Node, `python` by its own framework. */
type Server = 'onnx' | 'python';

type Served = {
  /** The file by which a folder of it is known; null where it is a file. */
  readonly marker: string | null;
  readonly runtimes: readonly Server[];
};

/** The formats that Slipway serves, as the manifest and the registry name them. */
export const SERVED = {
  onnx: {
    marker: null,
    runtimes: ['onnx'],
  },
  sklearn: {
    marker: null,
    runtimes: ['onnx', 'python'],
  },
  skops: {
    marker: null,
    runtimes: ['onnx', 'python'],
  },
  xgboost: {
    marker: null,
    runtimes: ['onnx', 'python'],
  },
  lightgbm: {
    marker: null,
    runtimes: ['onnx', 'python'],
  },
  catboost: {
    marker: null,
    runtimes: ['onnx', 'python'],
  },
  mlflow: {
    marker: 'MLmodel',
    runtimes: ['onnx', 'python'],
  },
  sagemaker: {
    marker: 'code/inference.py',
    runtimes: ['onnx', 'python'],
  },
  python: {
    marker: 'predict.py',
    runtimes: ['python'],
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

/** Whether its own framework may serve it, and proves it where it is converted. */
export function needsPython(format: Format): boolean {
  const runtimes: readonly Server[] = SERVED[format].runtimes;
  return runtimes.includes('python');
}

export function isFolderFormat(format: Format): boolean {
  return SERVED[format].marker !== null;
}
