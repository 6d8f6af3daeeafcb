import type { FormatPage } from '#domain/artifact/format-page.ts';

export const catboost = {
  runtime: 'python',
  folder: null,
  files: [{ what: 'a CatBoost model', endings: ['.cbm', '.cb'], magic: /^43424d31/ }],
  brings: 'data',
  conversion: { to: 'trees' },
  isAwaited: true,
  needsNoPandas: true,
  imports: ['catboost'],
  docs: {
    reads: 'features, classes, trees, and its version if the file contains it',
    servedBy: 'ONNX or Python',
  },
} as const satisfies FormatPage;
