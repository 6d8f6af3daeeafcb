import { ESTIMATORS } from '#domain/artifact/estimator-modules.ts';
import type { FormatPage } from '#domain/artifact/format-page.ts';

const COMPRESSIONS: readonly string[] = ['.gz', '.z', '.bz2', '.xz', '.lzma', '.lz4'];
const PICKLE = /^800[2-5]/;

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
