import type { FileKind } from './known-file.ts';
import { BY_CODE, CORE_ML, HUGGING_FACE, JAX, PADDLE, TENSORFLOW, TORCH } from './ways-out.ts';

const ZIP = /^504b0304/;
const ANSWERED =
  'It is what a server answered in the place of a model: download the model itself, and upload that.';

/** Kinds of files that are recognised but not served. */
export const FOREIGN_FILES: readonly FileKind[] = [
  {
    what: 'an Ultralytics model',
    endings: [],
    inside: ['.pt'],
    // The pickle at the start of its zip names `ultralytics.nn`.
    magic: /^504b0304.*63756c7472616c79746963732e6e6e/,
    fix: `Export it with \`yolo export model=FILE format=onnx\` and upload the .onnx file, or ${BY_CODE}.`,
  },
  { what: 'a TorchServe archive', endings: ['.mar'], hint: ZIP, fix: TORCH },
  {
    what: 'an archive of 7-Zip, RAR or another kind',
    endings: ['.7z', '.rar', '.tar.bz2', '.tar.xz', '.tar.zst', '.tbz2', '.txz'],
    magic: /^(377abcaf271c|526172211a07)/,
    fix: 'Make it again with `tar czf` or `zip -r`, or upload the folder with `slipway push FOLDER`.',
  },
  { what: 'a TensorFlow model', endings: ['.pb'], fix: TENSORFLOW },
  {
    what: 'a PMML model',
    endings: ['.pmml'],
    fix: `Upload the model that it was exported from, as its framework saves it, or ${BY_CODE}.`,
  },
  {
    what: 'a Core ML model',
    endings: ['.mlmodel'],
    fix: CORE_ML,
  },
  {
    what: 'an ExecuTorch program',
    endings: ['.pte'],
    // `ET12` at offset 4.
    magic: /^.{8}455431/,
    fix: `It is compiled for a device: upload the module that it was made from as torch.export saves it (\`torch.export.save(program, "model.pt2")\`), or ${BY_CODE}.`,
  },
  {
    what: 'a TensorRT engine',
    endings: ['.engine', '.plan', '.trt'],
    // `ftrt` and `ptrt`.
    magic: /^(66|70)747274/,
    fix: "It runs only on the kind of GPU and by the version of TensorRT that built it: upload the ONNX file that it was built from, or bring NVIDIA's Triton as an image of your own, with a Dockerfile.",
  },
  {
    what: "an ONNX model in ONNX Runtime's own format",
    endings: ['.ort'],
    // `ORTM` at offset 4.
    magic: /^.{8}4f52544d/,
    fix: 'Upload the .onnx file that it was made from.',
  },
  {
    what: 'a model that was compiled for a device',
    endings: ['.rknn', '.hef', '.dlc', '.mnn'],
    fix: `Upload the ONNX file, or the TensorFlow Lite model, that it was compiled from, or ${BY_CODE}.`,
  },
  {
    what: 'weights of Darknet or Caffe',
    endings: ['.weights', '.caffemodel'],
    fix: `Convert it to ONNX and upload the .onnx file; or ${BY_CODE}, as by OpenCV's dnn.readNet.`,
  },
  {
    what: 'a model of LIBSVM or LIBLINEAR',
    endings: [],
    // `svm_type ` and `solver_type `.
    magic: /^(73766d5f7479706520|736f6c7665725f7479706520)/,
    fix: `Train it by scikit-learn's SVC or LinearSVC, which are these libraries, and upload that; or ${BY_CODE}.`,
  },
  {
    what: 'a model of Vowpal Wabbit',
    endings: ['.vw'],
    fix: `Only Vowpal Wabbit reads it: ${BY_CODE}.`,
  },
  {
    what: 'an object of Java (as of Weka)',
    endings: ['.ser'],
    magic: /^aced0005/,
    fix: 'Only Java reads it, and any code may run as it does: bring an image that serves it, with a Dockerfile.',
  },
  {
    what: 'a llamafile, which is a program',
    endings: ['.llamafile'],
    fix: 'Upload the .gguf file that is in it (`unzip FILE` brings it out).',
  },
  {
    what: 'a model of OpenVINO',
    endings: [],
    inside: ['.xml'],
    // `<net name=` within the first lines of XML.
    magic: /^(efbbbf)?3c3f786d6c.*3c6e6574206e616d653d/,
    fix: `Upload the model that it was converted from (ONNX, a SavedModel, or the folder of Hugging Face), or ${BY_CODE}.`,
  },
  {
    what: 'a model of NeMo',
    endings: ['.nemo'],
    fix: `Export it to ONNX where it was made (\`model.export("model.onnx")\`) and upload the .onnx file, or ${BY_CODE}.`,
  },
  {
    what: 'a model of ggml, from before GGUF',
    endings: ['.ggml'],
    // `ggml`, `ggjt`, `ggmf` and `ggla` as little-endian numbers. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    magic: /^(6c6d6767|746a6767|666d6767|616c6767)/,
    fix: `Upload the model that it was made from as GGUF, which llama.cpp's convert_hf_to_gguf.py writes. One of whisper.cpp's only that reads: ${BY_CODE}.`,
  },
  {
    what: 'a PaddlePaddle model',
    endings: ['.pdmodel', '.pdparams', '.pdiparams'],
    fix: PADDLE,
  },
  { what: 'weights of Flax (JAX)', endings: ['.msgpack'], fix: JAX },
  {
    what: 'a fastText model',
    endings: ['.ftz'],
    magic: /^ba164f2f/,
    fix: `Only fastText reads it: ${BY_CODE}.`,
  },
  {
    what: 'word vectors of gensim',
    endings: ['.kv', '.wordvectors'],
    fix: `Only gensim reads them: ${BY_CODE}.`,
  },
  {
    what: 'word vectors in the format of word2vec',
    endings: ['.vec'],
    fix: `They are a table of words: ${BY_CODE}.`,
  },
  {
    what: 'a tokenizer of SentencePiece',
    endings: [],
    // Its first piece, `<unk>`, `<pad>` or `<s>`, and the score of that piece.
    magic: /^0a0[c-e]0a0[35]3c(756e6b|706164|73)3e15/,
    fix: 'It goes with a model: upload the folder of that, with the tokenizer in it.',
  },
  {
    what: "R's serialized data",
    endings: ['.rds', '.rda', '.rdata'],
    fix: 'Only R reads it: save a booster in its own format (xgb.save, lgb.save, catboost.save_model) and upload that, or bring an image that serves it, as of plumber or vetiver, with a Dockerfile.',
  },
  {
    what: 'a Prophet model',
    endings: [],
    // `{"growth"`, as prophet.serialize writes it.
    magic: /^7b2267726f77746822/,
    fix: `It is fitted by Stan and has no ONNX: ${BY_CODE}.`,
  },
  {
    what: 'a safetensors file',
    endings: ['.safetensors'],
    magic: /^.{8}000000007b/,
    fix: HUGGING_FACE,
  },
  {
    what: 'a CatBoost model in JSON',
    endings: [],
    // `{"ctr_data"`, or without categories `{"features_info"`, with optional white space.
    magic: /^7b(20|09|0a|0d)*22(6374725f64617461|66656174757265735f696e666f)22/,
    fix: 'Save it as CatBoost does by default, `model.save_model("model.cbm")`, and upload that.',
  },
  {
    what: 'a LightGBM model in JSON',
    endings: [],
    // `{"name": "tree", "version"`, as `dump_model` gives it, with optional white space.
    magic:
      /^7b(20|09|0a|0d)*226e616d6522(20|09|0a|0d)*3a(20|09|0a|0d)*227472656522(20|09|0a|0d)*2c(20|09|0a|0d)*2276657273696f6e22/,
    fix: 'LightGBM itself cannot load what `dump_model` gives: save the model by `booster.save_model("model.txt")` (of its classes for scikit-learn, `model.booster_.save_model`), and upload that.',
  },
  {
    what: 'an HTML page',
    endings: [],
    // `<!` or `<html`, in any case.
    magic: /^3c(21|[46]8[57]4[46]d[46]c)/,
    isStandIn: true,
    fix: ANSWERED,
  },
  {
    what: 'an error that a server answered',
    endings: [],
    // `{"error":`, or `<Error>` in XML, as an object store writes it.
    magic: /^(7b226572726f72223a|(3c3f786d6c(?:(?!3e)..)*3e(0d|0a)*)?3c4572726f723e)/,
    isStandIn: true,
    fix: ANSWERED,
  },
  {
    what: 'a Git LFS pointer',
    endings: [],
    magic: /^76657273696f6e2068747470733a2f2f6769742d6c6673/,
    isStandIn: true,
    fix: 'Run `git lfs pull` and upload the file it brings.',
  },
];
