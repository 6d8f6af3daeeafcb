import type { EnvironmentOrder } from '#domain/build/environment-image.ts';
import type { BuildOrder } from '#domain/build/order.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';

/** What is ordered for an ONNX model. */
export const ORDER: BuildOrder = {
  runtime: 'onnx',
  format: 'onnx',
  unpacking: [],
  modelFile: 'model.onnx',
  entrypoint: null,
  data: null,
  allowed: [],
  environmentHash: 'e1',
  python: null,
  environments: { onnx: 'onnx-e1' },
  previousImage: null,
  wishes: { optimize: 'auto', network: 'none' },
  converts: true,
  server: RUNTIMES.onnx.server,
  startupSeconds: 300,
  needsGpu: false,
  signature: null,
  takesColumns: false,
  example: null,
};

/** What a granted URL holds. */
export type Granted = {
  readonly order: BuildOrder;
  readonly files: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly url: string;
  }[];
};

/** What the URL for a build of environments holds. */
export type GrantedEnvironments = {
  readonly order: EnvironmentOrder;
  readonly files: readonly unknown[];
};
