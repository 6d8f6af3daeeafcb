import type { FormatPage } from '#domain/artifact/format-page.ts';

export const custom = {
  runtime: 'custom',
  // A custom image also needs a manifest that names its port and paths.
  folder: { marker: 'Dockerfile', rank: null, isSure: false },
  files: [],
  brings: 'code',
  conversion: { to: null, because: 'it may bring code, which runs where it was written for' },
  isAwaited: false,
  docs: {
    reads: 'nothing: the build starts the image and sends it a request',
    servedBy: 'the image itself',
  },
} as const satisfies FormatPage;
