import {
  BY_CODE,
  CORE_ML,
  HUGGING_FACE,
  JAX,
  PADDLE,
  PREDICT,
  TENSORFLOW,
} from '#domain/artifact/known-files.ts';
import { folderOf, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';

/** A known kind of artifact that is not served: its name, why it is not, the file that gave it away, and what its owner can do. */
export type Foreign = {
  readonly name: string;
  readonly why: string;
  readonly at: string;
  readonly fix: string;
};

type Files = readonly ArtifactFile[];

/** Returns the name of the file that identifies such an artifact, or nothing. */
type Kind = {
  readonly name: string;
  /** Where other than that this version does not serve it. */
  readonly why?: string;
  /** The files that have its weights, where these are told. */
  readonly weights?: RegExp;
  readonly fix: string;
  find(files: Files): Promise<string | undefined> | string | undefined;
};

/** The line of model.yaml for an image that serves at this port and these paths. */
const asImage = (port: number, healthPath: string, requestPath: string) =>
  `runtime: { image: REPOSITORY@sha256:…, port: ${port}, healthPath: ${healthPath}, requestPath: ${requestPath} }`;

const CODE = 'or upload the folder without that file, with a predict.py';

function named(pattern: RegExp) {
  return (files: Files) => files.find(({ name }) => pattern.test(name))?.name;
}

const IMAGES: readonly Kind[] = [
  {
    name: 'an image of your own',
    why: 'but model.yaml does not say where it answers',
    fix: `If the image of the Dockerfile serves the model, say where in model.yaml: \`runtime: { port: 8080, healthPath: /ping, requestPath: /invocations }\`; ${CODE}.`,
    find: named(/(^|\/)Dockerfile$/),
  },
  {
    name: 'a Cog model',
    fix: `Build and push its image, and name it in a model.yaml: \`${asImage(5000, '/health-check', '/predictions')}\`; ${CODE}.`,
    find: named(/(^|\/)cog\.yaml$/),
  },
  {
    name: 'a Truss',
    fix: `Build and push its image, and name it in a model.yaml: \`${asImage(8080, '/v1/models/model', '/v1/models/model:predict')}\`; ${CODE}.`,
    find: (files) => {
      const names = new Set(files.map(({ name }) => name));
      const hasModel = (name: string) => names.has(within(folderOf(name), 'model/model.py'));
      return files.find(({ name }) => /(^|\/)config\.yaml$/.test(name) && hasModel(name))?.name;
    },
  },
  {
    name: 'a BentoML service',
    fix: `Build and push its image (\`bentoml containerize\`), and name it in a model.yaml: \`${asImage(3000, '/readyz', '/predict')}\`; ${CODE}.`,
    find: named(/(^|\/)(bento|bentofile)\.yaml$/),
  },
];

const TENSORS = /\.(safetensors|bin|msgpack|pt|onnx)$/;

/** Folders that are more than what they hold: a part of one would be a model by itself. */
const WHOLES: readonly Kind[] = [
  {
    name: "a handler of Hugging Face's Inference Endpoints",
    why: 'which answers otherwise than its model alone',
    fix: 'Put a predict.py beside it that asks it (`slipway inspect PATH --write-predict` writes one); or take handler.py away, and the model is served without it.',
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

/** What is said only where nothing is a model. */
const ALONE: readonly Kind[] = [
  {
    name: 'a program that answers requests itself',
    fix: 'Bring it as an image: with a Dockerfile beside it, and where it answers in model.yaml: `runtime: { port: 8000, healthPath: /health, requestPath: /predict }`; or write what it answers with as `def predict(…)` in predict.py, and its packages in requirements.txt.',
    find: says(
      /(^|\/)(app|main|server|serve|api|service)\.py$/,
      /^[ \t]*(from|import)[ \t]+(fastapi|flask|gradio|streamlit|starlette|litserve|quart|sanic|tornado|aiohttp|ray|bentoml)\b/m,
    ),
  },
  {
    name: 'a Modelfile of Ollama',
    why: 'which names a model and is none',
    fix: 'Upload the GGUF file that its FROM names, under a name that ends in .gguf: Ollama keeps it as a blob without an ending (`ollama show MODEL --modelfile` names it). Its template is in that file too, and its parameters may be in each request.',
    find: says(/(^|\/|\.)Modelfile$/i, /^FROM[ \t]/m),
  },
  {
    name: 'a pointer of DVC',
    why: 'which names a file and is none',
    fix: 'Run `dvc pull` and upload the file it brings.',
    find: named(/\.dvc$/),
  },
  {
    name: 'a notebook',
    why: 'which makes a model and is none',
    fix: 'Let its last cell save the model (joblib.dump, save_model, save_pretrained, torch.export.save), and upload what that writes.',
    find: named(/\.ipynb$/i),
  },
  {
    name: 'data',
    why: 'of which a model may be made',
    fix: 'Upload the model, as its framework saved it.',
    find: (files) =>
      files.every(({ name }) => DATA.test(name) || TEXT.test(name))
        ? named(DATA)(files)
        : undefined,
  },
];

const DATA = /\.(csv|tsv|parquet|arrow|feather|jsonl|npy|npz|mat|xlsx?|sqlite)$/i;
const TEXT = /\.(md|txt|rst)$|(^|\/)LICENSE$/i;

const FOLDERS: readonly Kind[] = [
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
const SERVED_FOLDERS: readonly Kind[] = [
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

const MOST_CONFIG_BYTES = 2 ** 20;
const MOST_CONFIGS = 3;
const WEIGHTS =
  /\.safetensors(\.index\.json)?$|(^|\/)((pytorch|adapter|tf|flax)_model|model\.ckpt)[^/]*$/i;
const VOCABULARIES: readonly string[] = [
  'vocabulary.json',
  'vocabulary.txt',
  'shared_vocabulary.json',
  'shared_vocabulary.txt',
];
const TOKENIZERS =
  /(^|\/)(tokenizer\.json|tokenizer\.model|spiece\.model|sentencepiece\.bpe\.model|merges\.txt)$/;
const OF_TOKENIZERS =
  /(^|\/)([^/]*(tokenizer|vocab|merges|special_tokens|added_tokens|chat_template|normalizer)[^/]*|s(entence)?piece[^/]*\.model|generation_config\.json|config\.json|[^/]*\.(md|txt|jinja)|LICENSE|\.gitattributes)$/;

/** Finds the first small file of this name whose text says this, the outermost first: what lies below it may have as many of that name. */
function says(name: RegExp, text: RegExp) {
  return async (files: Files): Promise<string | undefined> => {
    const depth = (each: ArtifactFile) => each.name.split('/').length;
    const named = files.filter((each) => name.test(each.name));
    const outermost = named.toSorted((one, other) => depth(one) - depth(other));
    for (const file of outermost.slice(0, MOST_CONFIGS)) {
      if (file.sizeBytes > MOST_CONFIG_BYTES) continue;
      if (text.test(await readText(file, MOST_CONFIG_BYTES).catch(() => ''))) return file.name;
    }
    return undefined;
  };
}

function hasBeside(files: Files, name: string, beside: string): boolean {
  const path = within(folderOf(name), beside);
  return files.some((each) => each.name === path);
}

const NOT_SERVED = 'which this version does not serve';

const RANKS = {
  images: IMAGES,
  wholes: WHOLES,
  folders: FOLDERS,
  alone: ALONE,
  drafts: [...WHOLES, ...FOLDERS, ...SERVED_FOLDERS],
} as const;

/** The kinds of one rank among the files, each with the file that identified it. */
export async function findForeign(
  files: Files,
  rank: keyof typeof RANKS,
): Promise<readonly Foreign[]> {
  const found: Foreign[] = [];
  for (const { name, why = NOT_SERVED, weights, fix, find } of RANKS[rank]) {
    const at = await find(files);
    const sized = at && weights ? sizeOf(files, folderOf(at), weights) : '';
    if (at !== undefined) found.push({ name, why: `${why}${sized}`, at, fix });
  }
  return found;
}

function sizeOf(files: Files, folder: string, weights: RegExp): string {
  const own = files.filter(
    ({ name }) => weights.test(name) && (folder === '.' || name.startsWith(`${folder}/`)),
  );
  const bytes = own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return `; it has ${bytes.toLocaleString('en-US')} bytes of weights`;
}
