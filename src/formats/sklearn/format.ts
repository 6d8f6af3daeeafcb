import type { FormatPage } from '#domain/artifact/format-page.ts';

const COMPRESSIONS: readonly string[] = ['.gz', '.z', '.bz2', '.xz', '.lzma', '.lz4'];
const PICKLE = /^800[2-5]/;

/** Modules that most estimators import, including those of compiled code. */
export const ESTIMATORS: readonly string[] = [
  'sklearn.compose',
  'sklearn.ensemble',
  'sklearn.impute',
  'sklearn.linear_model',
  'sklearn.neighbors',
  'sklearn.pipeline',
  'sklearn.preprocessing',
  'numpy.char',
  'numpy.ctypeslib',
  'numpy.f2py',
  'numpy.fft',
  'numpy.random',
  'numpy.rec',
  'numpy.strings',
  'numpy.testing',
  'joblib',
  'pandas',
  'dateutil.easter',
  'dateutil.parser',
  'dateutil.tz',
  'numpy._core._exceptions',
  'scipy.sparse.csgraph._validation',
  'scipy._external.array_api_compat.numpy.fft',
  'sklearn.externals.array_api_compat.numpy.fft',
];

export const sklearn = {
  runtime: 'python',
  folder: null,
  files: [
    {
      what: 'a joblib dump',
      endings: ['.joblib'],
      compressions: COMPRESSIONS,
      magic: PICKLE,
      hint: /^78(01|5e|9c|da)/,
    },
    {
      what: 'a pickle',
      endings: ['.pkl', '.pickle', '.sav', '.dill', '.cloudpickle'],
      compressions: COMPRESSIONS,
      magic: PICKLE,
    },
  ],
  brings: 'data',
  conversion: { to: 'trees' },
  isAwaited: true,
  isPickle: true,
  imports: ESTIMATORS,
  docs: {
    reads: 'estimator, its scikit-learn, features, classes',
    servedBy: 'ONNX or Python',
  },
} as const satisfies FormatPage;
