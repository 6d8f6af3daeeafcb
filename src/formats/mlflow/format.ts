import type { FormatPage } from '#domain/artifact/format-page.ts';

export const mlflow = {
  runtime: 'python',
  folder: { marker: 'MLmodel', rank: 'saved', isSure: true },
  files: [],
  brings: 'code',
  conversion: { to: null, because: 'it may bring code, which runs where it was written for' },
  isAwaited: true,
  docs: {
    reads: 'flavour, signature, example, packages, Python',
    servedBy: 'as its flavour; MLflow, if only MLflow can load it',
  },
} as const satisfies FormatPage;
