import type { FileFormat } from './format.ts';

/** A kind of file that holds a model or an archive of one, and everything that distinguishes it from other kinds. */
export type KnownFile = {
  /** Its name in messages. */
  readonly what: string;
  /** The format it is served as; null for an archive, and for a kind that is recognised but not served. */
  readonly format: FileFormat | null;
  /** Endings that only this kind has; one of `compressions` may follow each. */
  readonly endings: readonly string[];
  readonly compressions?: readonly string[];
  /** Endings that other kinds share, so that the first bytes decide. */
  readonly shared?: readonly string[];
  /** Endings that identify it among other files but start no deployment. */
  readonly inside?: readonly string[];
  /** A file name that identifies it in a folder. */
  readonly fileName?: string;
  /** Match the first bytes, in hex: `magic` is unique to this kind, `hint` is not. */
  readonly magic?: RegExp;
  readonly hint?: RegExp;
  /** It contains the model as files. */
  readonly isArchive?: true;
  /** What its owner can do if it is not served; undefined if it is. */
  readonly fix?: string;
};

const COMPRESSIONS: readonly string[] = ['.gz', '.z', '.bz2', '.xz', '.lzma', '.lz4'];
const PICKLE = /^800[2-5]/;
const ZIP = /^504b0304/;

export const PREDICT =
  'a predict.py that loads it (`slipway inspect PATH --write-predict` writes one)';
/** The workaround that fits every model. */
export const BY_CODE = `put it in a folder with ${PREDICT}`;

const TORCH = `Export it with torch.onnx.export and upload the .onnx file, or ${BY_CODE}.`;
export const TENSORFLOW = `Convert it to ONNX with tf2onnx and upload the .onnx file, or ${BY_CODE}.`;
/** What makes a Keras file of weights alone, or of what cannot be read. */
export const HDF5 = `Save it as Keras 3 does, where it was made: \`model = keras.saving.load_model("FILE"); model.save("model.keras")\`. Where it has weights alone, make the layers first: \`model = keras.Sequential([keras.Input(shape=…), …]); model.load_weights("FILE"); model.save("model.keras")\`. Upload that, or ${BY_CODE}.`;
export const HUGGING_FACE = `Export it with \`optimum-cli export onnx\` and upload the result, or ${BY_CODE}.`;
export const PADDLE = `Convert it to ONNX (\`paddle2onnx --model_dir FOLDER --save_file model.onnx\`) and upload the .onnx file, or ${BY_CODE}.`;
export const JAX = `Its numbers alone say nothing of what is done with them: export it where its code is, as a SavedModel by jax2tf or to ONNX, or ${BY_CODE}.`;
export const CORE_ML =
  'Core ML predicts on macOS alone: upload the model that it was converted from, as its framework saves it, or exported to ONNX.';

/** When two kinds match the same first bytes, the one with the file's ending wins, else the last, which is the most generic. */
export const KNOWN_FILES: readonly KnownFile[] = [
  { what: 'an ONNX model', format: 'onnx', endings: ['.onnx'] },
  {
    what: 'a joblib dump',
    format: 'sklearn',
    endings: ['.joblib'],
    compressions: COMPRESSIONS,
    magic: PICKLE,
    hint: /^78(01|5e|9c|da)/,
  },
  {
    what: 'a pickle',
    format: 'sklearn',
    endings: ['.pkl', '.pickle', '.sav', '.dill', '.cloudpickle'],
    compressions: COMPRESSIONS,
    magic: PICKLE,
  },
  { what: 'a skops archive', format: 'skops', endings: ['.skops'], hint: ZIP },
  {
    what: 'a PyTorch file',
    format: 'torch',
    endings: ['.pt', '.pth', '.pt2', '.jit', '.ckpt'],
    magic: /^80028a0a6cfc/,
    hint: ZIP,
  },
  {
    what: 'an Ultralytics model',
    format: null,
    endings: [],
    inside: ['.pt'],
    // The pickle at the begin of its zip names `ultralytics.nn`.
    magic: /^504b0304.*63756c7472616c79746963732e6e6e/,
    fix: `Export it with \`yolo export model=FILE format=onnx\` and upload the .onnx file, or ${BY_CODE}.`,
  },
  { what: 'a TorchServe archive', format: null, endings: ['.mar'], hint: ZIP, fix: TORCH },
  { what: 'a Keras model', format: 'keras', endings: ['.keras'], hint: ZIP },
  { what: 'a zip archive', format: null, isArchive: true, endings: ['.zip'], hint: ZIP },
  { what: 'a tar archive', format: null, isArchive: true, endings: ['.tar'] },
  {
    what: 'a gzip archive',
    format: null,
    isArchive: true,
    endings: ['.tar.gz', '.tgz'],
    inside: ['.gz'],
    hint: /^1f8b/,
  },
  {
    what: 'an archive of 7-Zip, RAR or another kind',
    format: null,
    endings: ['.7z', '.rar', '.tar.bz2', '.tar.xz', '.tar.zst', '.tbz2', '.txz'],
    magic: /^(377abcaf271c|526172211a07)/,
    fix: 'Make it again with `tar czf` or `zip -r`, or upload the folder with `slipway push FOLDER`.',
  },
  {
    what: 'an HDF5 file',
    format: 'keras',
    endings: ['.h5', '.hdf5'],
    magic: /^894844460d0a1a0a/,
  },
  {
    what: 'a TensorFlow Lite model',
    format: 'tflite',
    endings: ['.tflite'],
    magic: /^.{8}54464c33/,
  },
  { what: 'a TensorFlow model', format: null, endings: ['.pb'], fix: TENSORFLOW },
  {
    what: 'a PMML model',
    format: null,
    endings: ['.pmml'],
    fix: `Upload the model that it was exported from, as its framework saves it, or ${BY_CODE}.`,
  },
  {
    what: 'a Core ML model',
    format: null,
    endings: ['.mlmodel'],
    fix: CORE_ML,
  },
  {
    what: 'an ExecuTorch program',
    format: null,
    endings: ['.pte'],
    // `ET12` at 4.
    magic: /^.{8}455431/,
    fix: `It is compiled for a device: upload the module that it was made from as torch.export saves it (\`torch.export.save(program, "model.pt2")\`), or ${BY_CODE}.`,
  },
  {
    what: 'a TensorRT engine',
    format: null,
    endings: ['.engine', '.plan', '.trt'],
    // `ftrt` and `ptrt`.
    magic: /^(66|70)747274/,
    fix: "It runs only on the kind of GPU and by the version of TensorRT that built it: upload the ONNX file that it was built from, or bring NVIDIA's Triton as an image of your own, with a Dockerfile.",
  },
  {
    what: "an ONNX model in ONNX Runtime's own format",
    format: null,
    endings: ['.ort'],
    // `ORTM` at 4.
    magic: /^.{8}4f52544d/,
    fix: 'Upload the .onnx file that it was made from.',
  },
  {
    what: 'a model that was compiled for a device',
    format: null,
    endings: ['.rknn', '.hef', '.dlc', '.mnn'],
    fix: `Upload the ONNX file, or the TensorFlow Lite model, that it was compiled from, or ${BY_CODE}.`,
  },
  {
    what: 'weights of Darknet or Caffe',
    format: null,
    endings: ['.weights', '.caffemodel'],
    fix: `Convert it to ONNX and upload the .onnx file; or ${BY_CODE}, as by OpenCV's dnn.readNet.`,
  },
  {
    what: 'a model of LIBSVM or LIBLINEAR',
    format: null,
    endings: [],
    // `svm_type ` and `solver_type `.
    magic: /^(73766d5f7479706520|736f6c7665725f7479706520)/,
    fix: `Train it by scikit-learn's SVC or LinearSVC, which are these libraries, and upload that; or ${BY_CODE}.`,
  },
  {
    what: 'a model of Vowpal Wabbit',
    format: null,
    endings: ['.vw'],
    fix: `Only Vowpal Wabbit reads it: ${BY_CODE}.`,
  },
  {
    what: 'an object of Java (as of Weka)',
    format: null,
    endings: ['.ser'],
    magic: /^aced0005/,
    fix: 'Only Java reads it, and any code may run as it does: bring an image that serves it, with a Dockerfile.',
  },
  {
    what: 'a llamafile, which is a program',
    format: null,
    endings: ['.llamafile'],
    fix: 'Upload the .gguf file that is in it (`unzip FILE` brings it out).',
  },
  {
    what: 'a model of OpenVINO',
    format: null,
    endings: [],
    inside: ['.xml'],
    // `<net name=` within the first lines of XML.
    magic: /^(efbbbf)?3c3f786d6c.*3c6e6574206e616d653d/,
    fix: `Upload the model that it was converted from (ONNX, a SavedModel, or the folder of Hugging Face), or ${BY_CODE}.`,
  },
  {
    what: 'a model of NeMo',
    format: null,
    endings: ['.nemo'],
    fix: `Export it to ONNX where it was made (\`model.export("model.onnx")\`) and upload the .onnx file, or ${BY_CODE}.`,
  },
  {
    what: 'a model of ggml, from before GGUF',
    format: null,
    endings: ['.ggml'],
    // `ggml`, `ggjt`, `ggmf` and `ggla` as little-endian numbers. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    magic: /^(6c6d6767|746a6767|666d6767|616c6767)/,
    fix: `Upload the model that it was made from as GGUF, which llama.cpp's convert_hf_to_gguf.py writes. One of whisper.cpp's only that reads: ${BY_CODE}.`,
  },
  {
    what: 'a PaddlePaddle model',
    format: null,
    endings: ['.pdmodel', '.pdparams', '.pdiparams'],
    fix: PADDLE,
  },
  { what: 'weights of Flax (JAX)', format: null, endings: ['.msgpack'], fix: JAX },
  {
    what: 'a fastText model',
    format: null,
    endings: ['.ftz'],
    magic: /^ba164f2f/,
    fix: `Only fastText reads it: ${BY_CODE}.`,
  },
  {
    what: 'word vectors of gensim',
    format: null,
    endings: ['.kv', '.wordvectors'],
    fix: `Only gensim reads them: ${BY_CODE}.`,
  },
  {
    what: 'word vectors in the format of word2vec',
    format: null,
    endings: ['.vec'],
    fix: `They are a table of words: ${BY_CODE}.`,
  },
  {
    what: 'a tokenizer of SentencePiece',
    format: null,
    endings: [],
    // Its first piece, `<unk>`, `<pad>` or `<s>`, and the score of that.
    magic: /^0a0[c-e]0a0[35]3c(756e6b|706164|73)3e15/,
    fix: 'It goes with a model: upload the folder of that, with the tokenizer in it.',
  },
  {
    what: "R's serialized data",
    format: null,
    endings: ['.rds', '.rda', '.rdata'],
    fix: 'Only R reads it: save a booster in its own format (xgb.save, lgb.save, catboost.save_model) and upload that, or bring an image that serves it, as of plumber or vetiver, with a Dockerfile.',
  },
  {
    what: 'a Prophet model',
    format: null,
    endings: [],
    // `{"growth"`, as prophet.serialize writes it.
    magic: /^7b2267726f77746822/,
    fix: `It is fitted by Stan and has no ONNX: ${BY_CODE}.`,
  },
  {
    what: 'a GGUF model',
    format: 'gguf',
    endings: ['.gguf'],
    magic: /^47475546/,
  },
  {
    what: 'a safetensors file',
    format: null,
    endings: ['.safetensors'],
    magic: /^.{8}000000007b/,
    fix: HUGGING_FACE,
  },
  {
    what: 'an XGBoost model',
    format: 'xgboost',
    endings: ['.ubj', '.bst', '.xgb'],
    shared: ['.json', '.model'],
    inside: ['.deprecated'],
    fileName: 'xgboost-model',
    // `{"learner"` with optional white space, the same in UBJSON; `binf` and `bs64` from before 1.0.
    magic: /^(7b(09|0a|0d|20)*226c6561726e6572|7b4c0{14}076c6561726e6572|62696e66|62733634)/,
  },
  {
    what: 'a LightGBM model',
    format: 'lightgbm',
    endings: ['.lgb', '.lgbm', '.lightgbm'],
    shared: ['.txt'],
    magic: /^74726565(0d)?0a76657273696f6e3d/,
  },
  {
    what: 'a CatBoost model',
    format: 'catboost',
    endings: ['.cbm', '.cb'],
    magic: /^43424d31/,
  },
  {
    what: 'a CatBoost model in JSON',
    format: null,
    endings: [],
    // `{"ctr_data"`, or without categories `{"features_info"`, with optional white space.
    magic: /^7b(20|09|0a|0d)*22(6374725f64617461|66656174757265735f696e666f)22/,
    fix: 'Save it as CatBoost does by default, `model.save_model("model.cbm")`, and upload that.',
  },
  {
    what: 'an HTML page',
    format: null,
    endings: [],
    // `<!` or `<html`, in any case.
    magic: /^3c(21|[46]8[57]4[46]d[46]c)/,
    fix: 'It is what a server answered in the place of a model: download the model itself, and upload that.',
  },
  {
    what: 'a Git LFS pointer',
    format: null,
    endings: [],
    magic: /^76657273696f6e2068747470733a2f2f6769742d6c6673/,
    fix: 'Run `git lfs pull` and upload the file it brings.',
  },
];

/** The endings that identify a kind, including the compressed ones. */
export function ownEndings({ endings, compressions = [] }: KnownFile): readonly string[] {
  return [...endings, ...endings.flatMap((ending) => compressions.map((each) => ending + each))];
}

/** Whether a file's name has one of the endings, in any case, after at least one other character. */
export function endsIn(file: string, endings: readonly string[]): boolean {
  const lower = file.toLowerCase();
  return endings.some((ending) => lower.length > ending.length && lower.endsWith(ending));
}
