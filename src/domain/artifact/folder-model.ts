import { FORMATS, SERVED } from './format.ts';

// What says by its name alone that the folder around it is a model. An image of its owner's own also says in a manifest where it serves.
const MARKERS: readonly (string | null)[] = [
  ...FORMATS.filter((format) => format !== 'custom').map((format) => SERVED[format].marker),
  'saved_model.pb',
  'model_index.json',
];
const WEIGHTS = /\.safetensors$|^pytorch_model.*\.bin$/;

/** Whether files of these names, by their paths in a folder, are a model that is a folder: code, or one that describes itself. */
export function isFolderModel(names: readonly string[]): boolean {
  const isHuggingFace = names.includes('config.json') && names.some((name) => WEIGHTS.test(name));
  return isHuggingFace || names.some((name) => MARKERS.includes(name));
}
