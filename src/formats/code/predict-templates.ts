import { NETWORK_TEMPLATES } from './network-templates.ts';
import { type PredictTemplate, RECORDS } from './predict-template.ts';

const KERAS: PredictTemplate = {
  imports: ['import keras', 'import numpy as np'],
  load: ['self.model = keras.saving.load_model(FILE)'],
  answer: ['return self.model.predict(np.asarray(rows, "float32"), verbose=0).tolist()'],
  requirements: ['keras', 'tensorflow-cpu'],
};

export const SENTENCES: PredictTemplate = {
  imports: ['from sentence_transformers import SentenceTransformer'],
  load: ['self.model = SentenceTransformer(FILE)'],
  takes: 'texts',
  answer: ['return self.model.encode(texts).tolist()'],
  requirements: ['sentence-transformers'],
};

/** Its requirements lie beside it, in the folder that MLflow saved. */
export const MLFLOW: PredictTemplate = {
  imports: ['import mlflow.pyfunc'],
  load: ['self.model = mlflow.pyfunc.load_model(FILE)'],
  answer: ['return self.model.predict(rows)'],
  requirements: ['mlflow'],
};

export const PLAIN: PredictTemplate = {
  imports: [],
  load: ['# Load it here, as you do where you made it.', 'self.model = open(FILE, "rb").read()'],
  answer: ['raise NotImplementedError("answer with what the model makes of these rows")'],
  requirements: [],
};

const TORCH_ANSWER: Pick<PredictTemplate, 'answer' | 'requirements'> = {
  answer: [
    'with torch.inference_mode():',
    '    return self.model(torch.tensor(rows, dtype=torch.float32)).tolist()',
  ],
  requirements: ['torch', 'numpy'],
};

/** The templates for files that torch saved with their code or objects, so that they do not need the owner's class. */
export const TORCH_PROGRAMS = {
  script: {
    imports: ['import torch'],
    load: ['self.model = torch.jit.load(FILE, map_location="cpu").eval()'],
    ...TORCH_ANSWER,
  },
  exported: {
    imports: ['import torch'],
    load: ['self.model = torch.export.load(FILE).module()'],
    ...TORCH_ANSWER,
  },
  lightning: {
    imports: [
      'import torch',
      '',
      '# The LightningModule that was trained, in a file beside this one.',
      'from model import Net',
    ],
    load: ['self.model = Net.load_from_checkpoint(FILE, map_location="cpu").eval()'],
    answer: TORCH_ANSWER.answer,
    requirements: ['lightning', ...TORCH_ANSWER.requirements],
  },
  whole: {
    imports: ['import torch'],
    load: [
      '# The files in which its own classes stood lie beside this one, under the same names.',
      'self.model = torch.load(FILE, map_location="cpu", weights_only=False).eval()',
    ],
    ...TORCH_ANSWER,
  },
} as const satisfies Record<string, PredictTemplate>;

/** The templates by the name of a file or folder. */
export const WAYS: Readonly<Record<string, PredictTemplate>> = {
  ...NETWORK_TEMPLATES,
  'a PyTorch file': {
    imports: [
      'import torch',
      '',
      '# The module that was trained, in a file beside this one.',
      'from model import Net',
    ],
    load: [
      'saved = torch.load(FILE, map_location="cpu", weights_only=True)',
      '# A checkpoint has the weights beside the epoch and the optimizer, under one of these names.',
      'names = [name for name in ("state_dict", "model_state_dict", "model") if name in saved]',
      'self.model = Net()',
      'self.model.load_state_dict(saved[names[0]] if names else saved)',
      'self.model.eval()',
    ],
    ...TORCH_ANSWER,
  },
  'a Keras model': KERAS,
  'an HDF5 file': KERAS,
  'a TensorFlow Lite model': {
    imports: ['import numpy as np', 'from ai_edge_litert.interpreter import Interpreter'],
    load: ['self.run = Interpreter(model_path=FILE).get_signature_runner()'],
    answer: [
      '[name] = self.run.get_input_details()',
      'answers = self.run(**{name: np.asarray(rows, "float32")})',
      'return {name: value.tolist() for name, value in answers.items()}',
    ],
    requirements: ['ai-edge-litert', 'numpy'],
  },
  'a TensorFlow SavedModel': {
    imports: ['import tensorflow as tf'],
    load: [
      'self.loaded = tf.saved_model.load(FILE)',
      'self.answer = self.loaded.signatures["serving_default"]',
    ],
    answer: [
      '[name] = self.answer.structured_input_signature[1]',
      'answers = self.answer(**{name: tf.constant(rows, tf.float32)})',
      'return {name: value.numpy().tolist() for name, value in answers.items()}',
    ],
    requirements: ['tensorflow-cpu'],
  },
  'a safetensors file': {
    imports: ['from safetensors.numpy import load_file'],
    load: [
      '# Weights alone: what they are multiplied with stands in the code that made them.',
      'self.weights = load_file(FILE)',
    ],
    answer: PLAIN.answer,
    requirements: ['safetensors', 'numpy'],
  },
  'an ONNX model': {
    imports: ['import numpy as np', 'import onnxruntime'],
    load: ['self.session = onnxruntime.InferenceSession(FILE)'],
    answer: [
      'name = self.session.get_inputs()[0].name',
      'return [np.asarray(each).tolist() for each in self.session.run(None, {name: np.asarray(rows, "float32")})]',
    ],
    requirements: ['numpy', 'onnxruntime'],
  },
  'a LightGBM model': {
    imports: ['import lightgbm', 'import pandas as pd'],
    load: ['self.model = lightgbm.Booster(model_file=FILE)'],
    answer: [
      '# Rows are lists of numbers in the order of the columns, or objects by their names.',
      RECORDS,
      'names = self.model.feature_name()',
      'table = pd.DataFrame(rows)[names] if isinstance(rows[0], dict) else pd.DataFrame(rows, columns=names)',
      'return self.model.predict(table).tolist()',
    ],
    requirements: ['lightgbm', 'pandas'],
  },
  'an XGBoost model': {
    imports: ['import pandas as pd', 'import xgboost'],
    load: ['self.model = xgboost.Booster(model_file=FILE)'],
    answer: [
      '# Rows are lists of numbers in the order of the columns, or objects by their names.',
      RECORDS,
      'names = self.model.feature_names',
      'is_named = names and isinstance(rows[0], dict)',
      'table = pd.DataFrame(rows)[names] if is_named else pd.DataFrame(rows, columns=names)',
      'return self.model.predict(xgboost.DMatrix(table)).tolist()',
    ],
    requirements: ['xgboost-cpu', 'pandas'],
  },
  'a CatBoost model': {
    imports: ['import catboost', 'import pandas as pd'],
    load: [
      'self.model = catboost.CatBoost().load_model(FILE)',
      'self.kind = "Probability" if len(self.model.classes_) > 0 else "RawFormulaVal"',
    ],
    answer: [
      '# Rows are lists of values in the order of the columns, or objects by their names; an embedding is a list of numbers.',
      RECORDS,
      'names = self.model.feature_names_',
      'table = pd.DataFrame(rows)[names] if isinstance(rows[0], dict) else pd.DataFrame(rows, columns=names)',
      'return self.model.predict(table, prediction_type=self.kind).tolist()',
    ],
    requirements: ['catboost', 'pandas'],
  },
  'a spaCy pipeline': {
    imports: ['import spacy'],
    load: ['self.nlp = spacy.load(FILE)'],
    takes: 'texts',
    answer: [
      'found = []',
      'for text in self.nlp.pipe(texts):',
      '    entities = [{"text": each.text, "label": each.label_} for each in text.ents]',
      '    found.append({"entities": entities, "categories": text.cats})',
      'return found',
    ],
    requirements: ['spacy'],
  },
  "a handler of Hugging Face's Inference Endpoints": {
    imports: ['from handler import EndpointHandler'],
    load: ['self.handler = EndpointHandler(FILE)'],
    takes: 'inputs, parameters=None',
    answer: [
      'asked = {"parameters": parameters} if parameters else {}',
      'return self.handler({"inputs": inputs, **asked})',
    ],
    requirements: ['transformers', 'torch'],
  },
  'a model of OpenVINO': {
    imports: ['import numpy as np', 'import openvino'],
    load: ['self.model = openvino.Core().compile_model(FILE, "CPU")'],
    answer: [
      '# Of several inputs, a dictionary of each by its name.',
      'answers = self.model(np.asarray(rows, "float32"))',
      'return {output.any_name: answers[output].tolist() for output in self.model.outputs}',
    ],
    requirements: ['openvino', 'numpy'],
  },
  'a Prophet model': {
    imports: ['import pandas as pd', 'from prophet.serialize import model_from_json'],
    load: ['self.model = model_from_json(open(FILE).read())'],
    answer: [
      '# Rows as {"ds": "2026-01-31"}, with the extra regressors where it has any.',
      'answers = self.model.predict(pd.DataFrame(rows))[["ds", "yhat", "yhat_lower", "yhat_upper"]]',
      'return answers.assign(ds=answers["ds"].astype(str)).to_dict("records")',
    ],
    requirements: ['prophet', 'pandas'],
  },
  'a CatBoost model in JSON': {
    imports: ['from catboost import CatBoost'],
    load: ['self.model = CatBoost().load_model(FILE, format="json")'],
    answer: [
      '# Raw values: CatBoostClassifier in the place of CatBoost answers classes and probabilities.',
      'return self.model.predict(rows).tolist()',
    ],
    requirements: ['catboost'],
  },
  'a PMML model': {
    imports: [
      'import pandas as pd',
      'from sklearn_pmml_model.auto_detect import auto_detect_estimator',
    ],
    load: ['self.model = auto_detect_estimator(pmml=FILE)'],
    answer: ['return self.model.predict(pd.DataFrame(rows)).tolist()'],
    requirements: ['sklearn-pmml-model', 'pandas'],
  },
  'an Ultralytics model': {
    imports: [
      'import base64',
      'import io',
      '',
      'from PIL import Image',
      'from ultralytics import YOLO',
    ],
    load: [
      'self.model = YOLO(FILE)',
      '# Warm up here: the first inference takes seconds, and no client should wait for it.',
      'self.model(Image.new("RGB", (64, 64)), verbose=False)',
    ],
    takes: 'image',
    answer: [
      '# A picture: as the body of the request, or in base64.',
      'raw = image if isinstance(image, bytes) else base64.b64decode(image)',
      'picture = Image.open(io.BytesIO(raw))',
      'return [each.summary() for each in self.model(picture, verbose=False)]',
    ],
    requirements: ['ultralytics', 'pillow'],
  },
};
