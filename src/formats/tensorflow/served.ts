import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';

const MIB = 1024 * 1024;

/** The version of OpenVINO, which reads TensorFlow Lite, SavedModels and ONNX without TensorFlow. */
export const OPENVINO = 'openvino==2026.4.1';

// Measured with networks of three to fifteen operators: 93 to 98 MiB.
const SERVER_BYTES = 96 * MIB;
// The file is read, its constants become those of the graph, and the plugin stores them once more in the layout of its kernels.
const WEIGHT_COPIES = 3;

/** The expected memory for serving by OpenVINO; `activationBytes` is the working memory of a single row, `graphBytes` the memory of the compiled operators. */
export function openvinoMemory(size: {
  readonly weightBytes: number;
  readonly activationBytes: number;
  readonly graphBytes: number;
}): readonly MemoryTerm[] {
  return [
    { name: 'the server and OpenVINO', bytes: SERVER_BYTES },
    { name: 'the weights and their copies', bytes: size.weightBytes * WEIGHT_COPIES },
    { name: 'the graph, compiled', bytes: size.graphBytes },
    { name: 'the activations of a row', bytes: size.activationBytes },
  ];
}

/** The facts that are the same for all models that OpenVINO serves. */
export const BY_OPENVINO = {
  framework: null,
  pythonVersion: null,
  requirements: [OPENVINO],
  takesColumns: false,
  example: null,
  entrypoint: null,
} as const satisfies Partial<ModelFacts>;
