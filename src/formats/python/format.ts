import type { FormatPage } from '#domain/artifact/format-page.ts';

export const python = {
  runtime: 'python',
  folder: { marker: 'predict.py', rank: null, isSure: true },
  files: [],
  brings: 'code',
  conversion: { to: null, because: 'it may bring code, which runs where it was written for' },
  isAwaited: true,
  takesEntrypoint: true,
  docs: { reads: 'what answers in it: `Predictor`, `Model` or `predict`', servedBy: 'Python' },
} as const satisfies FormatPage;
