import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { findForeign } from '#formats/foreign-models.ts';
import { modelFiles } from '#formats/model-files.ts';

/** The two files that would serve a model by code, for its owner to go on from. */
export type PredictDraft = { readonly code: string; readonly requirements: readonly string[] };

/** `load` and `answer` are lines of Python, in which FILE is the name of the model's file. */
type Way = {
  readonly imports: readonly string[];
  readonly load: readonly string[];
  readonly answer: readonly string[];
  readonly takes?: string;
  readonly requirements: readonly string[];
};

const KERAS: Way = {
  imports: ['import keras', 'import numpy as np'],
  load: ['self.model = keras.saving.load_model(FILE)'],
  answer: ['return self.model.predict(np.asarray(rows, "float32"), verbose=0).tolist()'],
  requirements: ['keras', 'tensorflow-cpu'],
};

const PICKLE: Way = {
  imports: ['import joblib', 'import numpy as np'],
  load: [
    '# Name the packages that its classes are from in requirements.txt, as they were when it was saved.',
    'self.model = joblib.load(FILE)',
  ],
  answer: ['return np.asarray(self.model.predict(np.asarray(rows))).tolist()'],
  requirements: ['joblib', 'numpy', 'scikit-learn'],
};

const SENTENCES: Way = {
  imports: ['from sentence_transformers import SentenceTransformer'],
  load: ['self.model = SentenceTransformer(FILE)'],
  takes: 'texts',
  answer: ['return self.model.encode(texts).tolist()'],
  requirements: ['sentence-transformers'],
};

const PLAIN: Way = {
  imports: [],
  load: ['# Load it here, as you do where you made it.', 'self.model = open(FILE, "rb").read()'],
  answer: ['raise NotImplementedError("answer with what the model makes of these rows")'],
  requirements: [],
};

/** By what a file or a folder is called. */
const WAYS: Readonly<Record<string, Way>> = {
  'a PyTorch file': {
    imports: ['import torch'],
    load: [
      'try:',
      '    self.model = torch.jit.load(FILE, map_location="cpu")',
      'except RuntimeError:',
      '    # A module that was saved whole; of a state_dict make the module first, then call its load_state_dict.',
      '    self.model = torch.load(FILE, map_location="cpu", weights_only=False)',
      'self.model.eval()',
    ],
    answer: [
      'with torch.inference_mode():',
      '    return self.model(torch.tensor(rows, dtype=torch.float32)).tolist()',
    ],
    requirements: ['torch', 'numpy'],
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
};

/** The task of a class of transformers, by how its name ends; what a pipeline asks the Hub for otherwise. */
const TASKS: readonly (readonly [RegExp, string])[] = [
  [/ForSequenceClassification$/, 'text-classification'],
  [/ForTokenClassification$/, 'token-classification'],
  [/ForQuestionAnswering$/, 'question-answering'],
  [/ForMaskedLM$/, 'fill-mask'],
  [/(ForCausalLM|LMHeadModel)$/, 'text-generation'],
  [/ForConditionalGeneration$/, 'text2text-generation'],
  [/ForImageClassification$/, 'image-classification'],
];

/** What would serve the first model among these files. */
export async function draftPredict(files: readonly ArtifactFile[]): Promise<PredictDraft> {
  const [folder] = await findForeign(files, 'folders');
  if (folder) {
    const root = folder.at.includes('/') ? folder.at.slice(0, folder.at.lastIndexOf('/')) : '.';
    const way = WAYS[folder.name] ?? (await transformersWay(files, folder.at));
    return draft(folder.name, way, root);
  }
  const [found] = await modelFiles(files);
  if (!found) return draft('a file of its own', PLAIN, files[0]?.name ?? 'model.bin');
  const { file, format, foreign } = found;
  if (format === 'sklearn') return draft('a pickle', PICKLE, file.name);
  const what = format === 'onnx' ? 'an ONNX model' : (foreign?.what ?? `of the format ${format}`);
  return draft(what, WAYS[what] ?? PLAIN, file.name);
}

async function transformersWay(files: readonly ArtifactFile[], at: string): Promise<Way> {
  const config = files.find(({ name }) => name === at);
  const text = config ? await readText(config, 2 ** 20) : '';
  if (text.includes('sentence_transformers')) return SENTENCES;
  const [, architecture = ''] = /"architectures"\s*:\s*\[\s*"(\w+)"/.exec(text) ?? [];
  const [, task] = TASKS.find(([ends]) => ends.test(architecture)) ?? [/$/, 'feature-extraction'];
  return {
    imports: ['from transformers import pipeline'],
    load: [`self.model = pipeline(${JSON.stringify(task)}, model=FILE)`],
    takes: 'inputs',
    answer: ['return self.model(inputs)'],
    requirements: ['transformers', 'torch', 'numpy'],
  };
}

function draft(what: string, way: Way, name: string): PredictDraft {
  const { imports, load, takes = 'rows', answer, requirements } = way;
  const code = [
    `"""Answers for ${what}: setup runs once, and predict is given the body of each request."""`,
    '',
    ...imports,
    ...(imports.length > 0 ? [''] : []),
    `FILE = ${JSON.stringify(name)}`,
    '',
    '',
    'class Predictor:',
    '    def setup(self):',
    ...load.map((line) => `        ${line}`),
    '',
    `    def predict(self, ${takes}):`,
    ...answer.map((line) => `        ${line}`),
  ];
  return { code: `${code.join('\n')}\n`, requirements };
}
