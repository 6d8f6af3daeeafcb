import type { FormatPage } from '#domain/artifact/format-page.ts';

export const sagemaker = {
  runtime: 'python',
  folder: { marker: 'code/inference.py', rank: 'handlers', isSure: true },
  files: [],
  brings: 'code',
  conversion: { to: null, because: 'it may bring code, which runs where it was written for' },
  isAwaited: true,
  takesEntrypoint: true,
  docs: {
    reads: 'handlers and packages, or the model in it',
    servedBy: 'as the model in it; handlers by Python',
  },
} as const satisfies FormatPage;
