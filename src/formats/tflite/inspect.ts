import type { ModelFacts } from '#domain/artifact/facts.ts';
import { openFlatbuffer } from '#formats/bytes/flatbuffer.ts';
import type { ReadFile } from '#formats/reader.ts';
import { rejected } from '#formats/rejected.ts';
import { BY_OPENVINO, openvinoMemory } from '#formats/tensorflow/served.ts';
import { signatureOf } from '#formats/tensorflow/tensor-types.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type LiteModel, readLiteModel } from './model.ts';

export const read: ReadFile = inspectTflite;

/** The facts in a TensorFlow Lite file beyond those of all models; `operators` are those of its graph, sorted. */
export type TfliteFacts = ModelFacts & {
  readonly format: 'tflite';
  readonly operators: readonly string[];
  readonly tensorNames: NonNullable<ModelFacts['tensorNames']>;
};

const IDENTIFIER = 'TFL3';
const IDENTIFIER_AT = 4;
const LEAST_BYTES = 32;
// 222 operators were measured at 65 MiB.
const OPERATOR_BYTES = 300 * 1024;
// Offsets in a flatbuffer are signed 32-bit numbers.
const MAX_FILE_BYTES = 2 ** 31 - 1;

/** Reads the facts of a TensorFlow Lite model without its weights. Fails with `ArtifactRejected`. */
export async function inspectTflite(source: ByteSource, file: string): Promise<TfliteFacts> {
  await refuseNoModel(source, file);
  const flatbuffer = { start: 0, sizeBytes: source.sizeBytes };
  const model = await readLiteModel(await openFlatbuffer(source, file, flatbuffer), file);
  const { inputs, outputs, operators, nodes, parameters, weightBytes, dtypes, activationBytes } =
    model;
  return {
    format: 'tflite',
    formatVersion: versionOf(model),
    ...BY_OPENVINO,
    signature: signatureOf(file, { inputs, outputs }),
    tensorNames: {
      inputs: inputs.map(({ tensor }) => tensor),
      outputs: outputs.map(({ tensor }) => tensor),
    },
    parameters,
    weightBytes,
    dtypes,
    memory: openvinoMemory({ weightBytes, activationBytes, graphBytes: nodes * OPERATOR_BYTES }),
    operators,
  };
}

function versionOf({ version, runtimeVersion }: LiteModel): string {
  return runtimeVersion ? `v${version}, for TensorFlow ${runtimeVersion}` : `v${version}`;
}

async function refuseNoModel(source: ByteSource, file: string): Promise<void> {
  if (source.sizeBytes > MAX_FILE_BYTES) {
    throw rejected(
      `${file} is ${source.sizeBytes} bytes; the limit of its file format is ${MAX_FILE_BYTES}`,
      'Quantize the model, or upload it as a SavedModel.',
    );
  }
  const head = Buffer.from(await source.read(0, LEAST_BYTES));
  const said = head.toString('latin1', IDENTIFIER_AT, IDENTIFIER_AT + IDENTIFIER.length);
  if (said === IDENTIFIER && head.length === LEAST_BYTES) return;
  throw rejected(
    `${file} is no TensorFlow Lite model: it does not have ${IDENTIFIER} in its first bytes`,
    'Upload the .tflite file that the converter wrote.',
  );
}
