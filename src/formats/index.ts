import { catboost } from './catboost/format.ts';
import { custom } from './custom/format.ts';
import { gguf } from './gguf/format.ts';
import { huggingface } from './huggingface/format.ts';
import { keras } from './keras/format.ts';
import { lightgbm } from './lightgbm/format.ts';
import { lightning } from './lightning/format.ts';
import { mlflow } from './mlflow/format.ts';
import { onnx } from './onnx/format.ts';
import { python } from './python/format.ts';
import { sagemaker } from './sagemaker/format.ts';
import { savedmodel } from './savedmodel/format.ts';
import { sklearn } from './sklearn/format.ts';
import { skops } from './skops/format.ts';
import { spacy } from './spacy/format.ts';
import { tflite } from './tflite/format.ts';
import { torch } from './torch/format.ts';
import { xgboost } from './xgboost/format.ts';

/** The formats that Slipway serves, in the order in which they are listed. Each format is described by its page and the files beside that: docs/extending.md. */
export const FORMATS = {
  onnx,
  sklearn,
  skops,
  xgboost,
  lightgbm,
  catboost,
  gguf,
  torch,
  huggingface,
  tflite,
  savedmodel,
  keras,
  lightning,
  spacy,
  mlflow,
  sagemaker,
  python,
  custom,
} as const;
