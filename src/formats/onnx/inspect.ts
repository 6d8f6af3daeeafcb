import { keptRanges } from '#domain/artifact/column-range.ts';
import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import { onnxMemory } from '#domain/placement/expected-memory.ts';
import { openWire } from '#formats/bytes/protobuf-walk.ts';
import { fixOf, HEAD_BYTES, isText, recognise } from '#formats/known-formats.ts';
import type { ReadFile } from '#formats/reader.ts';
import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { rangesIn } from './classical.ts';
import { expandedBytes } from './expansion.ts';
import { type FileRange, type FileWithBytes, locateAll, type NamedFile } from './external-data.ts';
import { printsOf } from './fitted.ts';
import { domainOf, type OnnxModel, type Opset, readModel } from './model.ts';
import { refuseUnservable } from './rules.ts';
import { signatureOf } from './signature.ts';

export const read: ReadFile = (source, name, { files }) => inspectOnnx(source, name, files);

/**
 * The facts in an ONNX file. `parameters` counts the elements of its tensors; `weightBytes` is their size in memory.
 * `dtypes` has the protocol's names, or ONNX's where the protocol has none; both lists of names are sorted.
 */
export type OnnxFacts = ModelFacts & {
  readonly format: 'onnx';
  readonly irVersion: number;
  readonly producer: string;
  readonly opsets: readonly Opset[];
  readonly operatorDomains: readonly string[];
  readonly signature: Signature;
  readonly parameters: number;
  readonly externalData: readonly FileRange[];
};

// Each number of an attribute is a separate field, which must be read to be skipped; in a random forest they are most of the file.
const LIMITS = { readBytes: 256 * 2 ** 20, messages: 1_000_000, contentBytes: 32 * 2 ** 20 };

// The facts are kept in the registry, where DynamoDB limits an item to 400 KB.
const MAX_FACTS_BYTES = 64 * 1024;

// The tags that can begin a ModelProto, of fields 1 to 8, 14, 20, 25, 26 and 30; usually 08, the IR version.
const FIRST_BYTES: ReadonlySet<number> = new Set([
  0x08, 0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42, 0x72, 0xa2, 0xca, 0xd2, 0xf2,
]);

// protobuf does not read messages of 2 GiB or more.
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Reads an ONNX model's facts without loading it; skipped content is read only for the prints of its weights.
 * `file` is its name in the artifact, `files` all files of the artifact. Fails with `ArtifactRejected`.
 */
export async function inspectOnnx(
  source: ByteSource,
  file: string,
  files: readonly FileWithBytes[],
): Promise<OnnxFacts> {
  await refuseNoModel(source, file);
  const model = await readModel(openWire(source, file, LIMITS), file);
  refuseUnservable(file, model);
  const { irVersion, opsets, parameters } = model;
  const weightBytes = model.weightBytes + expandedBytes(file, model);
  const externalData = locateAll(model.external, file, files);
  const facts = {
    format: 'onnx',
    formatVersion: opsets.map(({ domain, version }) => `${domain} ${version}`).join(', '),
    irVersion,
    producer: `${model.producerName} ${model.producerVersion}`.trim(),
    opsets,
    operatorDomains: [...new Set([...model.operators].map(domainOf))].sort(),
    signature: signatureOf(file, model),
    parameters,
    weightBytes,
    dtypes: [...model.dtypes].sort(),
    memory: onnxMemory({ fileBytes: sizeOf(files), weightBytes, hasTrees: hasTrees(model) }),
    ...NOTHING_PYTHON,
  } as const;
  refuseTooMuch(file, facts);
  const weights = await printsOf(model, source, file, files);
  const ranges = keptRanges(rangesIn(model.classical, facts.signature, model.producerName));
  return { ...facts, ...(weights && { weights }), ...(ranges && { ranges }), externalData };
}

function hasTrees({ operators }: OnnxModel): boolean {
  return [...operators].some((operator) => operator.startsWith('ai.onnx.ml::TreeEnsemble'));
}

/** The Python facts of a model that Python neither made nor serves. */
const NOTHING_PYTHON = {
  framework: null,
  pythonVersion: null,
  requirements: [],
  takesColumns: false,
  example: null,
  entrypoint: null,
} as const;

function sizeOf(files: readonly NamedFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

async function refuseNoModel(source: ByteSource, file: string): Promise<void> {
  if (source.sizeBytes === 0) throw rejected(`${file} is empty`, 'Upload the whole file again.');
  if (source.sizeBytes > MAX_FILE_BYTES) {
    throw rejected(
      `${file} is ${source.sizeBytes} bytes; the limit of its file format is ${MAX_FILE_BYTES}`,
      'Save the model with its weights as external data.',
    );
  }
  const head = await source.read(0, HEAD_BYTES);
  const isWritten = isText(head);
  if (FIRST_BYTES.has(head[0] ?? 0) && !isWritten) return;
  const known = recognise(file, head);
  // The kind is recognised by name alone.
  const foreign = known?.format === 'onnx' ? undefined : known;
  const found = foreign?.what ?? (isWritten ? 'a text file' : 'in an unknown format');
  throw rejected(
    `${file} is ${found}, not an ONNX model`,
    foreign ? fixOf(foreign) : 'Upload the ONNX file that the exporter wrote.',
  );
}

function refuseTooMuch(file: string, facts: Omit<OnnxFacts, 'externalData'>): void {
  const { parameters, weightBytes } = facts;
  if (!Number.isSafeInteger(parameters + weightBytes)) {
    throw rejected(
      `${file} declares ${parameters} parameters; the limit is ${Number.MAX_SAFE_INTEGER}`,
      'Export the model again and upload the new file.',
    );
  }
  const factsBytes = Buffer.byteLength(JSON.stringify(facts));
  if (factsBytes <= MAX_FACTS_BYTES) return;
  throw rejected(
    `${file} describes its inputs, outputs and operators in ${factsBytes} bytes; the limit is ${MAX_FACTS_BYTES}`,
    'Give the model fewer inputs and outputs, or shorter names.',
  );
}
