import type { EnvironmentOrder } from '#domain/build/environment-image.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';

/** The order for an ONNX model. */
export const ORDER: BuildOrder = {
  runtime: 'onnx',
  facts: {
    format: 'onnx',
    formatVersion: 'ai.onnx 21',
    framework: null,
    pythonVersion: null,
    requirements: [],
    signature: null,
    takesColumns: false,
    parameters: 2,
    weightBytes: 8,
    dtypes: ['FP32'],
    memory: [],
    example: null,
    entrypoint: null,
    archives: [],
    unpacking: [],
    modelFile: 'model.onnx',
    sizeBytes: 100,
    brings: 'data',
    allowed: [],
    network: 'none',
    needsGpu: false,
  },
  environmentHash: 'e1',
  python: null,
  environments: { onnx: 'onnx-e1' },
  previousImage: null,
  wishes: { optimize: 'auto', network: 'none' },
  keptBecause: 'it is ONNX',
  imports: [],
  server: RUNTIMES.onnx.server,
  startupSeconds: 300,
};

/** The content of a granted URL. */
export type Granted = {
  readonly order: BuildOrder;
  readonly files: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly url: string;
  }[];
};

/** The content of the URL for a build of environments. */
export type GrantedEnvironments = {
  readonly order: EnvironmentOrder;
  readonly files: readonly unknown[];
};
