import { OF_PICTURES, PICTURE } from './pipeline-templates.ts';
import type { PredictTemplate } from './predict-template.ts';

const FASTTEXT: PredictTemplate = {
  imports: ['import fasttext'],
  load: ['self.model = fasttext.load_model(FILE)'],
  takes: 'texts',
  answer: [
    '# Of one that was trained without labels: self.model.get_sentence_vector(text).tolist()',
    'labels, scores = self.model.predict([text.replace("\\n", " ") for text in texts], k=3)',
    'return [{"labels": list(one), "scores": [float(each) for each in of]} for one, of in zip(labels, scores)]',
  ],
  requirements: ['fasttext-wheel', 'numpy<2'],
};

const vectors = (load: string): PredictTemplate => ({
  imports: ['from gensim.models import KeyedVectors'],
  load: [load],
  takes: 'words',
  answer: [
    '# A word that it has not learned has none.',
    'return [self.model[word].tolist() if word in self.model else None for word in words]',
  ],
  requirements: ['gensim'],
});

/** The template for pickles of gensim, whose large arrays lie in files beside them. */
export const GENSIM: PredictTemplate = {
  imports: ['from gensim.utils import SaveLoad'],
  load: [
    '# The files beside it (`.npy`) belong to it.',
    'saved = SaveLoad.load(FILE)',
    'self.model = getattr(saved, "wv", saved)',
  ],
  takes: 'words',
  answer: [
    '# Of a model of topics in the place of vectors: what it makes of a bag of words.',
    'return [self.model[word].tolist() if word in self.model else None for word in words]',
  ],
  requirements: ['gensim'],
};

/** The kinds of files that deep-learning frameworks save, by their names. */
export const NETWORK_TEMPLATES: Readonly<Record<string, PredictTemplate>> = {
  'a pipeline of diffusers': {
    imports: [
      'import base64',
      'import io',
      '',
      'import torch',
      'from diffusers import DiffusionPipeline',
    ],
    load: [
      'device = "cuda" if torch.cuda.is_available() else "cpu"',
      'dtype = torch.float16 if device == "cuda" else torch.float32',
      'self.model = DiffusionPipeline.from_pretrained(FILE, torch_dtype=dtype, local_files_only=True).to(device)',
    ],
    takes: 'prompt, steps=25',
    answer: [
      '# A PNG, in base64.',
      'picture = self.model(prompt, num_inference_steps=steps).images[0]',
      'written = io.BytesIO()',
      'picture.save(written, "PNG")',
      'return {"image": base64.b64encode(written.getvalue()).decode()}',
    ],
    requirements: ['diffusers', 'transformers', 'torch', 'numpy', 'pillow', 'accelerate'],
  },
  'an adapter (LoRA) without the model that it adapts': {
    imports: [
      'import torch',
      'from peft import PeftModel',
      'from transformers import AutoModelForCausalLM, AutoTokenizer',
    ],
    load: [
      '# Its base model, as a folder beside this file: nothing is fetched from anywhere.',
      'base = AutoModelForCausalLM.from_pretrained("base")',
      'self.model = PeftModel.from_pretrained(base, FILE).eval()',
      'self.tokenizer = AutoTokenizer.from_pretrained("base")',
    ],
    takes: 'inputs',
    answer: [
      'tokens = self.tokenizer(inputs, return_tensors="pt")',
      'with torch.inference_mode():',
      '    made = self.model.generate(**tokens, max_new_tokens=128)',
      'return self.tokenizer.decode(made[0][tokens["input_ids"].shape[1] :], skip_special_tokens=True)',
    ],
    requirements: ['peft', 'transformers', 'torch', 'numpy'],
  },
  'a model of SetFit': {
    imports: ['from setfit import SetFitModel'],
    load: ['self.model = SetFitModel.from_pretrained(FILE, local_files_only=True)'],
    takes: 'inputs',
    answer: [
      'texts = [inputs] if isinstance(inputs, str) else inputs',
      'likely = self.model.predict_proba(texts).tolist()',
      'labels = self.model.predict(texts)',
      'return [{"label": str(label), "score": max(each)} for label, each in zip(labels, likely)]',
    ],
    requirements: ['setfit', 'sentence-transformers', 'transformers', 'torch', 'numpy'],
  },
  'a model of GLiNER': {
    imports: ['from gliner import GLiNER'],
    load: ['self.model = GLiNER.from_pretrained(FILE, local_files_only=True)'],
    takes: 'inputs, labels',
    answer: [
      'texts = [inputs] if isinstance(inputs, str) else inputs',
      'return [self.model.predict_entities(text, labels, threshold=0.5) for text in texts]',
    ],
    requirements: ['gliner', 'transformers', 'torch', 'numpy'],
  },
  'a model of timm': {
    imports: [
      ...OF_PICTURES.slice(0, 2),
      'import json',
      'import os',
      '',
      'import timm',
      'import torch',
      ...OF_PICTURES.slice(3),
    ],
    load: [
      'with open(os.path.join(FILE, "config.json")) as file:',
      '    said = json.load(file)',
      'weights = os.path.join(FILE, "model.safetensors")',
      'self.model = timm.create_model(said["architecture"], checkpoint_path=weights, num_classes=said["num_classes"]).eval()',
      'self.prepare = timm.data.create_transform(**timm.data.resolve_data_config(said["pretrained_cfg"]))',
    ],
    takes: 'image',
    answer: [
      ...PICTURE,
      'with torch.inference_mode():',
      '    scores = self.model(self.prepare(picture).unsqueeze(0))[0].softmax(-1)',
      'best = scores.topk(min(5, len(scores)))',
      'return [{"label": int(at), "score": float(score)} for score, at in zip(*best)]',
    ],
    requirements: ['timm', 'torch', 'torchvision', 'pillow', 'safetensors', 'numpy'],
  },
  'a model for ONNX Runtime GenAI': {
    imports: ['import onnxruntime_genai as genai'],
    load: ['self.model = genai.Model(FILE)', 'self.tokenizer = genai.Tokenizer(self.model)'],
    takes: 'inputs, tokens=128',
    answer: [
      'given = self.tokenizer.encode(inputs)',
      'asked = genai.GeneratorParams(self.model)',
      'asked.set_search_options(max_length=len(given) + tokens)',
      'generator = genai.Generator(self.model, asked)',
      'generator.append_tokens(given)',
      'while not generator.is_done():',
      '    generator.generate_next_token()',
      'return self.tokenizer.decode(generator.get_sequence(0)[len(given) :])',
    ],
    requirements: ['onnxruntime-genai', 'numpy'],
  },
  'a model of CTranslate2': {
    imports: ['import ctranslate2', 'from transformers import AutoTokenizer'],
    load: [
      '# With the tokenizer of the model that it was converted from beside it, which sentencepiece reads of many. Of one that goes on with texts: ctranslate2.Generator; of Whisper: WhisperModel of faster-whisper.',
      'self.model = ctranslate2.Translator(FILE)',
      'self.tokenizer = AutoTokenizer.from_pretrained(FILE)',
    ],
    takes: 'texts',
    answer: [
      'ids = [self.tokenizer.encode(text) for text in texts]',
      'found = self.model.translate_batch([self.tokenizer.convert_ids_to_tokens(each) for each in ids])',
      'made = [self.tokenizer.convert_tokens_to_ids(each.hypotheses[0]) for each in found]',
      'return self.tokenizer.batch_decode(made, skip_special_tokens=True)',
    ],
    requirements: ['ctranslate2', 'transformers', 'sentencepiece', 'numpy'],
  },
  'a model of PaddlePaddle': {
    imports: ['import glob', '', 'import numpy as np', 'from paddle import inference'],
    load: [
      'graph = (glob.glob(f"{FILE}/*.pdmodel") + glob.glob(f"{FILE}/inference.json"))[0]',
      'self.model = inference.create_predictor(inference.Config(graph, glob.glob(f"{FILE}/*.pdiparams")[0]))',
    ],
    answer: [
      'handle = self.model.get_input_handle(self.model.get_input_names()[0])',
      'handle.copy_from_cpu(np.asarray(rows, "float32"))',
      'self.model.run()',
      'names = self.model.get_output_names()',
      'return {name: self.model.get_output_handle(name).copy_to_cpu().tolist() for name in names}',
    ],
    requirements: ['paddlepaddle', 'numpy'],
  },
  'an ExecuTorch program': {
    imports: ['import torch', 'from executorch.runtime import Runtime'],
    load: ['self.method = Runtime.get().load_program(FILE).load_method("forward")'],
    answer: [
      'answers = self.method.execute([torch.tensor(rows, dtype=torch.float32)])',
      'return [each.tolist() for each in answers]',
    ],
    requirements: ['executorch', 'torch'],
  },
  'weights of Flax (JAX)': {
    imports: [
      'from flax import serialization',
      '',
      'from model import Net  # the module that was trained',
    ],
    load: [
      'self.net = Net()',
      'self.state = serialization.msgpack_restore(open(FILE, "rb").read())',
    ],
    answer: [
      '# Where the weights lie under a name of their own: {"params": self.state["params"]}.',
      'return self.net.apply({"params": self.state}, rows).tolist()',
    ],
    requirements: ['flax', 'jax', 'numpy'],
  },
  'a checkpoint of Orbax (JAX)': {
    imports: [
      'import os',
      '',
      'import orbax.checkpoint as ocp',
      '',
      'from model import Net  # the module that was trained',
    ],
    load: [
      'self.net = Net()',
      'self.state = ocp.StandardCheckpointer().restore(os.path.abspath(FILE))',
    ],
    answer: ['return self.net.apply(self.state, rows).tolist()'],
    requirements: ['orbax-checkpoint', 'flax', 'jax', 'numpy'],
  },
  'a fastText model': FASTTEXT,
  'word vectors of gensim': vectors('self.model = KeyedVectors.load(FILE)'),
  'word vectors in the format of word2vec': vectors(
    'self.model = KeyedVectors.load_word2vec_format(FILE, binary=False)',
  ),
};
