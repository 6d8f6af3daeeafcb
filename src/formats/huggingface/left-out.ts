import { posix } from 'node:path';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { WeightPlaces, Weights } from './weights.ts';

/** Where the authors of a model put its weights for others than transformers, below its own folder. */
const FOLDERS: readonly string[] = ['onnx', 'openvino', 'coreml', 'original', 'gguf', 'tflite'];
const WEIGHTS: readonly RegExp[] = [
  /^(pytorch|tf|flax|rust)_model[^/]*\.(bin|h5|msgpack|ot)(\.index\.json)?$/,
  /\.safetensors(\.index\.json)?$/,
  /\.(onnx([._]data(_\d+)?)?|gguf|tflite|mlmodel|pth)$/,
  /^model\.ckpt/,
  /^openvino_model[^/]*\.(bin|xml)$/,
];
// They are kept in the registry with the other facts.
const MOST_LEFT_OUT = 200;

/**
 * The weights in a folder, as it is downloaded whole, that nothing reads of what is served, the largest first: those for other frameworks, and other ONNX.
 * `beside` are the files that the served ONNX reads.
 */
export function leftOutOf(
  files: readonly ArtifactFile[],
  { root, folder }: WeightPlaces,
  { weights, beside }: { readonly weights: Weights; readonly beside: readonly string[] },
): readonly string[] {
  const parts = weights.kind === 'safetensors' ? weights.parts : [];
  const served = new Set([weights.file, ...parts].map(({ name }) => name).concat(beside));
  const places = new Set(
    [folder, root, ...FOLDERS.map((each) => posix.join(root, each))].map(posix.normalize),
  );
  return files
    .filter(
      ({ name }) =>
        places.has(posix.dirname(name)) &&
        !served.has(name) &&
        WEIGHTS.some((each) => each.test(posix.basename(name))),
    )
    .sort((one, other) => other.sizeBytes - one.sizeBytes)
    .slice(0, MOST_LEFT_OUT)
    .map(({ name }) => name);
}
