import type { FormatPage } from '#domain/artifact/format-page.ts';

export const keras = {
  runtime: 'python',
  folder: null,
  files: [
    { what: 'a Keras model', endings: ['.keras'], hint: /^504b0304/ },
    { what: 'an HDF5 file', endings: ['.h5', '.hdf5'], magic: /^894844460d0a1a0a/ },
  ],
  brings: 'data',
  conversion: { to: null, because: 'OpenVINO runs it as it is' },
  isAwaited: false,
  docs: {
    reads: 'layers and inputs, its Keras',
    servedBy: 'Keras on OpenVINO, in the Python server',
  },
} as const satisfies FormatPage;
