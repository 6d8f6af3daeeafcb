import type { FormatPage } from '#domain/artifact/format-page.ts';

export const tflite = {
  runtime: 'python',
  folder: null,
  files: [{ what: 'a TensorFlow Lite model', endings: ['.tflite'], magic: /^.{8}54464c33/ }],
  brings: 'data',
  conversion: { to: null, because: 'OpenVINO runs it as it is' },
  isAwaited: true,
  docs: {
    reads: 'signature, operators, types and sizes of its tensors',
    servedBy: 'OpenVINO, in the Python server',
  },
} as const satisfies FormatPage;
