import { FORMATS, SERVED } from './format.ts';

// File names that alone mark their folder as a model. Custom images are left out: they also need a manifest that says where they serve.
const MARKERS: readonly (string | null)[] = [
  ...FORMATS.filter((format) => format !== 'custom').map((format) => SERVED[format].marker),
  'model_index.json',
];
const WEIGHTS = /\.safetensors$|^pytorch_model.*\.bin$/;

/** Whether files with these paths in a folder make the folder a model: code, or a model that describes itself. */
export function isFolderModel(names: readonly string[]): boolean {
  const isHuggingFace = names.includes('config.json') && names.some((name) => WEIGHTS.test(name));
  return isHuggingFace || names.some((name) => MARKERS.includes(name));
}
