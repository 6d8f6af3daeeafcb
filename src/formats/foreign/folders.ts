import {
  BY_CODE,
  CORE_ML,
  HUGGING_FACE,
  JAX,
  PADDLE,
  PREDICT,
  TENSORFLOW,
} from '#domain/artifact/ways-out.ts';
import { folderOf, within } from '#formats/archives/folder.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { hasBeside, type Kind, MOST_CONFIG_BYTES, named, says } from './kind.ts';

const TENSORS = /\.(safetensors|bin|msgpack|pt|onnx)$/;
const VOCABULARIES: readonly string[] = [
  'vocabulary.json',
  'vocabulary.txt',
  'shared_vocabulary.json',
  'shared_vocabulary.txt',
];

/** Folders with a meaning beyond their files: a part alone would count as a different model. */
export const WHOLES: readonly Kind[] = [
  {
    name: "a handler of Hugging Face's Inference Endpoints",
    why: 'which answers otherwise than its model alone',
    fix: 'Put a predict.py beside it that calls it (`slipway inspect PATH --write-predict` writes one); or take handler.py away, and the model is served without it.',
    find: says(/(^|\/)handler\.py$/, /^class[ \t]+EndpointHandler\b/m),
  },
  {
    name: 'a pipeline of diffusers',
    weights: TENSORS,
    fix: `It makes images of texts in many steps, which is for a GPU: serve it by code of your own: ${BY_CODE}, and set \`resources.accelerator\` in model.yaml.`,
    find: says(/(^|\/)model_index\.json$/, /"_class_name"\s*:/),
  },
  {
    name: 'an adapter (LoRA) without the model that it adapts',
    weights: TENSORS,
    fix: `Merge it into that model, which its adapter_config.json names, and upload the folder "merged": \`model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), FOLDER).merge_and_unload(); model.save_pretrained("merged"); AutoTokenizer.from_pretrained(BASE).save_pretrained("merged")\`. Or ${BY_CODE}.`,
    find: (files) =>
      says(
        /(^|\/)adapter_config\.json$/,
        /"peft_type"\s*:/,
      )(files.filter(({ name }) => !hasBeside(files, name, 'config.json'))),
  },
  {
    name: 'a model of SetFit',
    why: 'whose head labels what its embeddings say',
    weights: TENSORS,
    fix: `Serve both by code of your own: ${BY_CODE}. For the embeddings alone, take config_setfit.json and model_head.pkl away.`,
    find: named(/(^|\/)config_setfit\.json$/),
  },
  {
    name: 'a model of GLiNER',
    weights: TENSORS,
    fix: `Serve it by code of your own: ${BY_CODE}.`,
    find: named(/(^|\/)gliner_config\.json$/),
  },
  {
    name: 'a model for ONNX Runtime GenAI',
    weights: /\.(onnx|onnx\.data)$/,
    fix: `Upload the model that it was made from, as transformers saved it (safetensors) or as GGUF, which are served with OpenAI's API; or ${BY_CODE}.`,
    find: says(/(^|\/)genai_config\.json$/, /"model"\s*:/),
  },
  {
    name: 'a predictor of AutoGluon',
    fix: `It is many models, and the code that asks them: ${BY_CODE}.`,
    find: (files) =>
      files.find(
        ({ name }) => /(^|\/)predictor\.pkl$/.test(name) && hasBeside(files, name, 'learner.pkl'),
      )?.name,
  },
  {
    name: 'a model of Spark ML',
    fix: `Export it to ONNX where it was made (onnxmltools.convert_sparkml) and upload the .onnx file; or bring an image that has Java and Spark, with a Dockerfile.`,
    find: says(/(^|\/)metadata\/part-00000$/, /"class":"org\.apache\.spark\.ml/),
  },
  {
    name: 'a MOJO of H2O',
    fix: 'Only H2O reads it, by Java: bring an image that serves it, with a Dockerfile; or train it by XGBoost, LightGBM or scikit-learn, and upload that.',
    find: says(/(^|\/)model\.ini$/, /^h2o_version\b/m),
  },
  {
    name: 'a model of ML.NET',
    fix: 'Export it to ONNX where it was made (`mlContext.Model.ConvertToOnnx`) and upload the .onnx file.',
    find: named(/(^|\/)TransformerChain\//),
  },
  {
    name: 'a model of TensorFlow.js',
    weights: /\.bin$/,
    fix: `Upload what it was converted from, a SavedModel or a .keras file; or ${BY_CODE}.`,
    find: says(/(^|\/)model\.json$/, /"weightsManifest"\s*:/),
  },
  {
    name: 'a model of CTranslate2',
    weights: /(^|\/)model\.bin$/,
    fix: `Upload the model that it was converted from, as transformers saved it (safetensors); or ${BY_CODE}.`,
    find: (files) =>
      files.find(
        ({ name }) =>
          /(^|\/)model\.bin$/.test(name) &&
          VOCABULARIES.some((beside) => hasBeside(files, name, beside)),
      )?.name,
  },
];

/** Models that are folders. */
export const FOLDERS: readonly Kind[] = [
  {
    name: 'a Hugging Face model',
    fix: HUGGING_FACE,
    find: async (files) =>
      files.some(({ name }) => WEIGHTS.test(name))
        ? ((await says(/(^|\/)modules\.json$/, /sentence_transformers/)(files)) ??
          says(/(^|\/)config\.json$/, /"(architectures|model_type)"\s*:/)(files))
        : undefined,
  },
  {
    name: 'a model of timm',
    weights: TENSORS,
    fix: `Export it to ONNX where it was made (\`torch.onnx.export(timm.create_model(NAME, pretrained=True).eval(), (torch.randn(1, 3, 224, 224),), "model.onnx", dynamo=True)\`) and upload the .onnx file; or ${BY_CODE}.`,
    find: says(/(^|\/)config\.json$/, /"pretrained_cfg"\s*:/),
  },
  {
    name: 'a model of OpenCLIP',
    weights: TENSORS,
    fix: `Serve it by code of your own: ${BY_CODE}.`,
    find: named(/(^|\/)open_clip_config\.json$/),
  },
  {
    name: 'a checkpoint of DeepSpeed',
    why: 'whose weights lie in pieces, one of each process that trained it',
    fix: 'Put them together by the script that lies beside them, `python zero_to_fp32.py FOLDER OUT --safe_serialization`, and upload OUT with the config.json and the tokenizer of the model.',
    find: named(/(^|\/)zero_to_fp32\.py$/),
  },
  {
    name: 'a sharded checkpoint of torch (FSDP)',
    why: 'whose weights lie in pieces, one of each process that trained it',
    fix: 'Put them together, `accelerate merge-weights FOLDER OUT`, and upload OUT with the config.json and the tokenizer of the model.',
    find: named(/\.distcp$/),
  },
  {
    name: 'a model of PaddlePaddle',
    weights: /\.pdiparams$/,
    fix: PADDLE,
    find: named(/\.(pdmodel|pdiparams)$/),
  },
  {
    name: 'a checkpoint of Orbax (JAX)',
    fix: JAX,
    find: named(/(^|\/)(_CHECKPOINT_METADATA|manifest\.ocdbt)$/),
  },
  {
    name: 'a tokenizer alone',
    why: 'without the model that reads its tokens',
    fix: 'Save the model into the same folder (`model.save_pretrained(FOLDER)`), and upload all of it.',
    find: (files) =>
      files.every(({ name }) => OF_TOKENIZERS.test(name)) ? named(TOKENIZERS)(files) : undefined,
  },
  {
    name: 'a TensorFlow SavedModel in text',
    fix: 'Save it as `saved_model.pb`, which TensorFlow does unless it is asked for text.',
    find: named(/(^|\/)saved_model\.pbtxt$/),
  },
  {
    name: 'a Core ML package',
    fix: CORE_ML,
    find: named(/(^|\/)Data\/com\.apple\.CoreML\//),
  },
];

/** Folders that are served, for a draft of the code that would serve them too. */
export const SERVED_FOLDERS: readonly Kind[] = [
  {
    name: 'a TensorFlow SavedModel',
    fix: TENSORFLOW,
    find: named(/(^|\/)saved_model\.pb$/),
  },
  {
    name: 'a spaCy pipeline',
    fix: `Put its folder beside ${PREDICT}.`,
    find: async (files) => {
      const names = new Set(files.map(({ name }) => name));
      const meta = files.find(
        ({ name }) =>
          /(^|\/)meta\.json$/.test(name) && names.has(within(folderOf(name), 'config.cfg')),
      );
      if (!meta || meta.sizeBytes > MOST_CONFIG_BYTES) return undefined;
      const written = await readText(meta, MOST_CONFIG_BYTES).catch(() => '');
      return written.includes('"spacy_version"') ? meta.name : undefined;
    },
  },
];

const WEIGHTS =
  /\.safetensors(\.index\.json)?$|(^|\/)((pytorch|adapter|tf|flax)_model|model\.ckpt)[^/]*$/i;
const TOKENIZERS =
  /(^|\/)(tokenizer\.json|tokenizer\.model|spiece\.model|sentencepiece\.bpe\.model|merges\.txt)$/;
const OF_TOKENIZERS =
  /(^|\/)([^/]*(tokenizer|vocab|merges|special_tokens|added_tokens|chat_template|normalizer)[^/]*|s(entence)?piece[^/]*\.model|generation_config\.json|config\.json|[^/]*\.(md|txt|jinja)|LICENSE|\.gitattributes)$/;
