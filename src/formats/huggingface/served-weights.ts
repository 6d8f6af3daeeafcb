import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { FileFormat } from '#domain/artifact/format.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { tensorPrints } from '#formats/bytes/tensor-prints.ts';
import type { FileRange } from '#formats/onnx/external-data.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { leftOutOf } from './left-out.ts';
import type { Head } from './sentence-modules.ts';
import {
  type Loaded,
  loadedIn,
  tensorsOf,
  type WeightPlaces,
  type Weights,
  weightsIn,
} from './weights.ts';

/** Reads a model's file in another format that is part of the folder. */
export type InspectData = (
  file: ArtifactFile,
  format: FileFormat,
  beside: readonly ArtifactFile[],
) => Promise<ModelFacts & { readonly externalData?: readonly FileRange[] }>;

/** The totals of the weights, and their prints. */
export type Read = Pick<ModelFacts, 'parameters' | 'weightBytes' | 'dtypes' | 'weights'>;

type Served = {
  readonly weights: Weights;
  readonly read: Read;
  /** The list that `leftOutOf` makes. */
  readonly leftOut: readonly string[];
};

type Files = readonly ArtifactFile[];
type Beside = {
  /** The modules after the pooling, if it is a folder of sentence-transformers. */
  readonly head: Head | null | undefined;
  readonly inspectData: InspectData;
};

// The output's name in a graph that ends with the vectors of texts: runtimes/onnx/language/tasks/features.ts.
const POOLED = 'sentence_embedding';

/** The weights that are served, and their totals: ONNX first, unless it ends before modules that have their own weights. Fails with `ArtifactRejected` where there are no weights. */
export async function readWeights(
  files: Files,
  places: WeightPlaces,
  { head, inspectData }: Beside,
): Promise<Served> {
  const weights = await weightsIn(files, places);
  if (weights.kind !== 'onnx') return ofTensors(files, places, { weights, head });
  const { file } = weights;
  const facts = await inspectData(file, 'onnx', files);
  const { signature, parameters, weightBytes, dtypes, externalData = [], weights: prints } = facts;
  const isWhole = signature?.outputs.some(({ name }) => name === POOLED) ?? false;
  if (isWhole || !head || head.modules.length === 0) {
    const read = {
      parameters,
      weightBytes: Math.max(weightBytes, file.sizeBytes),
      dtypes,
      ...(prints && { weights: prints }),
    };
    const beside = externalData.map(({ location }) => location);
    return { weights, read, leftOut: leftOutOf(files, places, { weights, beside }) };
  }
  const loaded = await loadedIn(files, places.folder);
  if (loaded) return ofTensors(files, places, { weights: loaded, head });
  const kinds = head.modules.map(({ kind }) => quoted(kind)).join(', ');
  throw rejected(
    `${file.name} ends before the modules ${kinds} of modules.json, and there is no model.safetensors`,
    `Upload the model with its model.safetensors, of which the build makes ONNX that has them; or export it whole, with the output ${POOLED}: \`optimum-cli export onnx --library sentence_transformers\`.`,
  );
}

type OfTensors = { readonly weights: Loaded } & Pick<Beside, 'head'>;

async function ofTensors(files: Files, places: WeightPlaces, { weights, head }: OfTensors) {
  const { parameters, bytes, dtypes, fitted } = await tensorsOf(files, weights);
  const prints = fitted.length > 0 && (await tensorPrints([...fitted, ...(head?.fitted ?? [])]));
  const read = {
    parameters: parameters + (head?.parameters ?? 0),
    weightBytes: bytes + (head?.weightBytes ?? 0),
    dtypes,
    ...(prints && { weights: prints }),
  };
  return { weights, read, leftOut: leftOutOf(files, places, { weights, beside: [] }) };
}
