import type { FormatPage } from '#domain/artifact/format-page.ts';

export const gguf = {
  runtime: 'python',
  folder: null,
  files: [{ what: 'a GGUF model', endings: ['.gguf'], magic: /^47475546/ }],
  brings: 'data',
  conversion: {
    to: null,
    because: 'it is a language model, which is more than one pass through a graph',
  },
  isAwaited: false,
  // See language/engine.py of the Python server.
  listens: true,
  onCpus: {
    server: 'llama.cpp, as it comes from the package index,',
    instead:
      "On GPUs vLLM serves the model's folder of Hugging Face in safetensors (docs/deploy.md#gpus).",
  },
  docs: {
    reads:
      'architecture, tokenizer, quantization, context length, chat template; of one file or `-00001-of-0000N`',
    servedBy: 'llama.cpp, in the Python server',
  },
} as const satisfies FormatPage;
