import type { BuildOrder } from '#domain/build-order.ts';

/** What is ordered for an ONNX model. */
export const ORDER: BuildOrder = {
  runtime: 'onnx',
  format: 'onnx',
  archives: [],
  modelFile: 'model.onnx',
  entrypoint: null,
  environmentHash: 'e1',
  python: null,
  optimize: 'auto',
  signature: null,
  takesColumns: false,
  example: null,
};

/** What a granted URL holds. */
export type Granted = {
  readonly order: BuildOrder;
  readonly files: readonly { readonly name: string; readonly url: string }[];
};
