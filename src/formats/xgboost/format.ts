import type { FormatPage } from '#domain/artifact/format-page.ts';

export const xgboost = {
  runtime: 'python',
  folder: null,
  files: [
    {
      what: 'an XGBoost model',
      endings: ['.ubj', '.bst', '.xgb'],
      shared: ['.json', '.model'],
      inside: ['.deprecated'],
      fileName: 'xgboost-model',
      // `{"learner"` with optional white space, the same in UBJSON; `binf` and `bs64` from before 1.0.
      magic: /^(7b(09|0a|0d|20)*226c6561726e6572|7b4c0{14}076c6561726e6572|62696e66|62733634)/,
    },
  ],
  brings: 'data',
  conversion: { to: 'trees' },
  isAwaited: true,
  needsNoPandas: true,
  missing:
    'null and NaN alone: the file does not keep what XGBoost was given as `missing`; if that was another value, such as missing=-999, send null in its place, or upload the pickled XGBClassifier or XGBRegressor',
  imports: ['xgboost'],
  docs: {
    reads: 'version, objective, features and their names, trees',
    servedBy: 'ONNX or Python',
  },
} as const satisfies FormatPage;
