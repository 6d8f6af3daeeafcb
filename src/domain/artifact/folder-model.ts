import { FORMATS, type Format, SERVED } from './format.ts';

// Custom images also need a manifest that says where they serve, and what Hugging Face's libraries write weights beside it.
const UNSURE: readonly Format[] = ['custom', 'huggingface'];
// File names that alone mark their folder as a model.
const MARKERS: readonly (string | null)[] = [
  ...FORMATS.filter((format) => !UNSURE.includes(format)).map((format) => SERVED[format].marker),
  'model_index.json',
];
const DESCRIPTIONS: readonly string[] = ['config.json', 'modules.json'];
const WEIGHTS = /\.(safetensors|onnx)$|^pytorch_model.*\.bin$/;

/** Whether files with these paths in a folder make the folder a model: code, or a model that describes itself. */
export function isFolderModel(names: readonly string[]): boolean {
  const isHuggingFace =
    DESCRIPTIONS.some((each) => names.includes(each)) && names.some((name) => WEIGHTS.test(name));
  return isHuggingFace || names.some((name) => MARKERS.includes(name));
}
