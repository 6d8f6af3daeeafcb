import type { FormatPage } from '#domain/artifact/format-page.ts';

export const spacy = {
  runtime: 'python',
  folder: { marker: 'config.cfg', rank: 'marked', isSure: true },
  files: [],
  brings: 'data',
  conversion: { to: null, because: 'spaCy runs it' },
  isAwaited: true,
  docs: {
    reads: 'components and what they are made of, its spaCy',
    servedBy: 'spaCy, in the Python server',
  },
} as const satisfies FormatPage;
