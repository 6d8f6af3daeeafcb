import { isModelName } from './identity.ts';

/** File extensions that hold a whole model in one file. Any of them starts a deployment; whether its format is served is the inspection's answer. */
const SELF_CONTAINED = [
  '.onnx',
  '.joblib',
  '.pkl',
  '.pickle',
  '.skops',
  '.ubj',
  '.bst',
  '.json',
  '.txt',
  '.cbm',
  '.keras',
  '.h5',
  '.pt',
  '.pth',
  '.pt2',
  '.gguf',
  '.safetensors',
  '.tflite',
  '.zip',
  '.tar.gz',
  '.tgz',
  '.mar',
] as const;

const FOLDER_MANIFEST = 'model.yaml';

/**
 * What an object's key means.
 * `artifact`: one file that starts a deployment. `folder`: the arrival of `model.yaml` starts a deployment of everything under `prefix`.
 * `sidecar`: the manifest of the file beside it, starts nothing. `loose`: ignored with a hint. `misnamed`: the model's name is refused. `outside`: none of Slipway's business.
 */
export type KeyMeaning =
  | { readonly kind: 'artifact'; readonly model: string; readonly file: string }
  | { readonly kind: 'folder'; readonly model: string; readonly prefix: string }
  | { readonly kind: 'sidecar'; readonly model: string }
  | { readonly kind: 'loose'; readonly model: string }
  | { readonly kind: 'misnamed'; readonly name: string }
  | { readonly kind: 'outside' };

export function readKey(key: string): KeyMeaning {
  const [root, name, ...path] = key.split('/');
  const file = path.at(-1);
  if (root !== 'models' || name === undefined || !file) return { kind: 'outside' };
  if (!isModelName(name)) return { kind: 'misnamed', name };
  if (path.length === 1) return readFile(name, file);
  return path.length === 2 && path[0] && file === FOLDER_MANIFEST
    ? { kind: 'folder', model: name, prefix: key.slice(0, -FOLDER_MANIFEST.length) }
    : { kind: 'loose', model: name };
}

/** The key of the manifest that belongs to a single-file artifact. */
export function sidecarKey(key: string): string {
  return `${key}.yaml`;
}

function readFile(model: string, file: string): KeyMeaning {
  if (isModelFile(file)) return { kind: 'artifact', model, file };
  const described = file.endsWith('.yaml') ? file.slice(0, -'.yaml'.length) : '';
  return isModelFile(described) ? { kind: 'sidecar', model } : { kind: 'loose', model };
}

function isModelFile(file: string): boolean {
  const lower = file.toLowerCase();
  return SELF_CONTAINED.some(
    (extension) => lower.length > extension.length && lower.endsWith(extension),
  );
}
