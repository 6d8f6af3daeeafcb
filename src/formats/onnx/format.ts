import type { FormatPage } from '#domain/artifact/format-page.ts';

export const onnx = {
  runtime: 'onnx',
  folder: null,
  files: [{ what: 'an ONNX model', endings: ['.onnx'] }],
  brings: 'data',
  conversion: { to: null, because: 'it is ONNX' },
  isAwaited: false,
  docs: { reads: 'operator sets, tensors, inputs and outputs', servedBy: 'the ONNX server' },
} as const satisfies FormatPage;
