import type { FormatPage } from '#domain/artifact/format-page.ts';

export const huggingface = {
  runtime: 'onnx',
  // Files that Hugging Face's libraries write are not a model without weights beside them.
  folder: { marker: 'config.json', rank: 'weights', isSure: false },
  files: [],
  brings: 'data',
  conversion: { to: null, because: 'the ONNX server runs it as it is' },
  // This is for weights in safetensors, which transformers loads.
  asData: { runtime: 'python' },
  isAwaited: true,
  isOfTorch: true,
  docs: {
    reads:
      "task, architecture, labels, context length, tokenizer, pooling, image processor and size, the weights' types and sizes; of transformers or sentence-transformers, in ONNX or safetensors",
    servedBy:
      'the ONNX server; transformers in the Python server, if it generates or cannot be converted',
  },
} as const satisfies FormatPage;
