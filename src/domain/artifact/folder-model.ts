import { FORMATS, pageOf } from './format.ts';

// File names that alone mark their folder as a model.
const MARKERS: readonly string[] = [
  ...FORMATS.map((format) => pageOf(format).folder)
    .filter((folder) => folder?.isSure)
    .map((folder) => folder?.marker ?? ''),
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
