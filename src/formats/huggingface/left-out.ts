import { posix } from 'node:path';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { WeightPlaces, Weights } from './weights.ts';

/** The folders below a model's own in which its authors put weights for other programs than transformers. */
const FOLDERS: readonly string[] = ['onnx', 'openvino', 'coreml', 'original', 'gguf', 'tflite'];
const WEIGHTS: readonly RegExp[] = [
  /^(pytorch|tf|flax|rust)_model[^/]*\.(bin|h5|msgpack|ot)(\.index\.json)?$/,
  /\.safetensors(\.index\.json)?$/,
  /\.(onnx([._]data(_\d+)?)?|gguf|tflite|mlmodel|pth)$/,
  /^model\.ckpt/,
  /^openvino_model[^/]*\.(bin|xml)$/,
  // The saved state from which a training would continue.
  /^(optimizer|scheduler|scaler)\.(pt|bin)$/,
  /^training_args\.bin$/,
];
/** Folders that a training leaves below a model's own, with everything in them. */
const OF_TRAINING =
  /^(checkpoint-\d+|global_step\d+|(pytorch_model|optimizer)_fsdp(_\d+)?|optimizer_\d+|runs|wandb)\//;
// They are kept in the registry with the other facts.
const MOST_LEFT_OUT = 200;

/**
 * The weights that the server does not read, in a folder that was downloaded whole, the largest first: those for other frameworks, other ONNX, and the state from which a training would continue.
 * `beside` are the files that the served ONNX reads.
 */
export function leftOutOf(
  files: readonly ArtifactFile[],
  { root, folder }: WeightPlaces,
  { weights, beside }: { readonly weights: Weights; readonly beside: readonly string[] },
): readonly string[] {
  const parts = weights.kind === 'onnx' ? [] : weights.parts;
  const served = new Set([weights.file, ...parts].map(({ name }) => name).concat(beside));
  const places = new Set(
    [folder, root, ...FOLDERS.map((each) => posix.join(root, each))].map(posix.normalize),
  );
  return files
    .filter(
      ({ name }) =>
        !served.has(name) &&
        (OF_TRAINING.test(posix.relative(root, name)) ||
          (places.has(posix.dirname(name)) &&
            WEIGHTS.some((each) => each.test(posix.basename(name))))),
    )
    .sort((one, other) => other.sizeBytes - one.sizeBytes)
    .slice(0, MOST_LEFT_OUT)
    .map(({ name }) => name);
}
