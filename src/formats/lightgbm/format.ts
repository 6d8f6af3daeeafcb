import type { FormatPage } from '#domain/artifact/format-page.ts';

export const lightgbm = {
  runtime: 'python',
  folder: null,
  files: [
    {
      what: 'a LightGBM model',
      endings: ['.lgb', '.lgbm', '.lightgbm'],
      shared: ['.txt'],
      magic: /^74726565(0d)?0a76657273696f6e3d/,
    },
  ],
  brings: 'data',
  conversion: { to: 'trees' },
  isAwaited: true,
  needsNoPandas: true,
  imports: ['lightgbm'],
  docs: {
    reads: 'objective, features, classes, trees; the file does not contain its version',
    servedBy: 'ONNX or Python',
  },
} as const satisfies FormatPage;
