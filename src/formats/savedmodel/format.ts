import type { FormatPage } from '#domain/artifact/format-page.ts';

export const savedmodel = {
  runtime: 'python',
  folder: { marker: 'saved_model.pb', rank: 'marked', isSure: true },
  files: [],
  brings: 'data',
  conversion: { to: null, because: 'OpenVINO runs it as it is' },
  isAwaited: true,
  docs: {
    reads: 'signature, operators, variables, its TensorFlow',
    servedBy: 'OpenVINO, in the Python server',
  },
} as const satisfies FormatPage;
