import type { ArtifactFacts } from '#domain/artifact-facts.ts';
import type { Failure } from '#domain/failure.ts';
import type { Manifest } from '#domain/manifest.ts';
import type { ArtifactFile } from './artifact-file.ts';
import type { NamedFile } from './external-data.ts';
import { HEAD_BYTES, recognise } from './known-formats.ts';
import { inspectOnnx, type OnnxFacts } from './onnx.ts';
import { quoted, rejected } from './rejected.ts';

const SERVED = 'this version serves ONNX only';
const MAX_OPENED = 20;
const MAX_LISTED = 3;

/** `maxBytes` limits all files together; of the manifest only what it says of the model. */
export type InspectOptions = {
  readonly maxBytes: number;
  readonly manifest: Pick<Manifest, 'model'>;
};

/**
 * Finds the one model in an artifact's files and reads its facts.
 * Fails with `ArtifactRejected`: too large, no model of a format this version serves, or more than one.
 */
export async function inspectFiles(
  files: readonly ArtifactFile[],
  { maxBytes }: InspectOptions,
): Promise<ArtifactFacts & OnnxFacts> {
  const sizeBytes = files.reduce((total, file) => total + file.sizeBytes, 0);
  if (sizeBytes > maxBytes) {
    throw rejected(
      `${list(files)} ${files.length === 1 ? 'is' : 'are'} ${sizeBytes} bytes; the limit is ${maxBytes}`,
      'Quantize or prune the model, or raise the limit.',
    );
  }
  const models = files.filter(({ name }) => /\.onnx$/i.test(name));
  const [model] = models;
  if (!model) throw await unsupported(files);
  if (models.length > 1) {
    throw rejected(
      `${list(models)} are ${models.length} models; the limit of one artifact is 1`,
      'Upload each model under a name of its own.',
    );
  }
  const facts = await inspectOnnx(await model.open(), model.name, files);
  return { ...facts, archive: null, modelFile: model.name, sizeBytes };
}

async function unsupported(files: readonly ArtifactFile[]): Promise<Failure> {
  if (files.length === 0) {
    return rejected(
      'there is no file beside model.yaml',
      'Upload the .onnx file first, then model.yaml again.',
    );
  }
  for (const file of files.slice(0, MAX_OPENED)) {
    const source = await file.open();
    const known = recognise(file.name, await source.read(0, HEAD_BYTES));
    if (known) return rejected(`${file.name} is ${known.name}; ${SERVED}`, known.fix);
  }
  return rejected(
    `${list(files)}: no file ends in .onnx; ${SERVED}`,
    'Export the model to ONNX and upload the .onnx file.',
  );
}

function list(files: readonly NamedFile[]): string {
  const names = files.slice(0, MAX_LISTED).map(({ name }) => quoted(name));
  const more = files.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}
