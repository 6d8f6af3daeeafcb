// What says by its name alone that the folder around it is a model.
const MARKERS: readonly string[] = [
  'predict.py',
  'MLmodel',
  'code/inference.py',
  'saved_model.pb',
  'model_index.json',
];
const WEIGHTS = /\.safetensors$|^pytorch_model.*\.bin$/;

/** Whether files of these names, by their paths in a folder, are a model that is a folder: code, or one that describes itself. */
export function isFolderModel(names: readonly string[]): boolean {
  const isHuggingFace = names.includes('config.json') && names.some((name) => WEIGHTS.test(name));
  return isHuggingFace || MARKERS.some((marker) => names.includes(marker));
}
