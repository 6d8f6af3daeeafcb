import type { FormatPage } from '#domain/artifact/format-page.ts';

export const torch = {
  runtime: 'python',
  folder: null,
  files: [
    {
      what: 'a PyTorch file',
      endings: ['.pt', '.pth', '.pt2', '.jit', '.ckpt'],
      magic: /^80028a0a6cfc/,
      hint: /^504b0304/,
    },
  ],
  brings: 'data',
  conversion: { to: 'tensors' },
  isAwaited: true,
  isOfTorch: true,
  isPickle: true,
  docs: {
    reads:
      'TorchScript or exported program, tensors, arguments, the shapes that it was traced with; weights alone are refused',
    servedBy: 'ONNX or Python',
  },
} as const satisfies FormatPage;
