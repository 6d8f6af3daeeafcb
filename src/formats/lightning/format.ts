import type { FormatPage } from '#domain/artifact/format-page.ts';

export const lightning = {
  runtime: 'python',
  folder: { marker: 'model.ckpt', rank: 'marked', isSure: true },
  files: [],
  brings: 'code',
  conversion: { to: null, because: 'its module is code' },
  isAwaited: true,
  docs: {
    reads: 'the class in `model.py` beside it, its Lightning, tensors',
    servedBy: 'Lightning, in the Python server',
  },
} as const satisfies FormatPage;
