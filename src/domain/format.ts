/** The formats that Slipway serves, as the manifest and the registry name them. */
export const FORMATS = [
  ...(['onnx', 'sklearn', 'skops', 'xgboost', 'lightgbm', 'catboost'] as const),
  ...(['mlflow', 'sagemaker', 'python'] as const),
] as const;

export type Format = (typeof FORMATS)[number];
