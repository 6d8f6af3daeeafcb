import type { ModelFacts, PipelineServing } from '#domain/artifact/facts.ts';
import { staticMemory } from '#domain/placement/encoder-memory.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { rejected } from '#formats/rejected.ts';
import { leftOutOf } from './left-out.ts';
import { exampleOf, signatureOf } from './signature.ts';
import type { StaticTable } from './static-table.ts';
import { tokenizerIn } from './tokenizer.ts';
import { refusePath } from './weights.ts';

/** The facts of a folder with token vectors: of sentence-transformers, or of model2vec. */
export type StaticFacts = ModelFacts & {
  readonly format: 'huggingface';
  readonly pipeline: PipelineServing;
};

type Place = { readonly root: string; readonly path: string | null };

/** The facts of a folder that is one table, which the ONNX server reads as it was saved. Fails with `ArtifactRejected`. */
export async function staticFacts(
  files: readonly ArtifactFile[],
  { root, path }: Place,
  table: StaticTable,
): Promise<StaticFacts> {
  refusePath(path);
  const { folder, file, tensors, width, vocabulary } = table;
  const tokenizer = await tokenizerIn(files, folder);
  if (!tokenizer.hasFile) {
    throw rejected(
      `the folder of ${file.name} has no tokenizer.json, without which no text becomes tokens`,
      'Upload the whole folder, as sentence-transformers or model2vec saved it.',
    );
  }
  const pipeline = pipelineOf(table, tokenizer);
  const weights = { kind: 'safetensors', file, parts: [file] } as const;
  const leftOut = leftOutOf(files, { root, folder, path }, { weights, beside: [] });
  return {
    format: 'huggingface',
    formatVersion: 'StaticEmbedding, safetensors',
    framework: null,
    pythonVersion: null,
    requirements: [],
    signature: signatureOf(pipeline, width),
    takesColumns: false,
    parameters: tensors.parameters,
    weightBytes: tensors.bytes,
    dtypes: [...tensors.byType.keys()].sort(),
    memory: staticMemory({
      weightBytes: tensors.bytes,
      tokenizer: tokenizer.kind,
      tokenizerBytes: tokenizer.fileBytes,
      vocabulary,
    }),
    example: exampleOf(pipeline, null),
    ...(leftOut.length > 0 && { leftOut }),
    entrypoint: null,
    text: tokenizer.text,
    pipeline,
    // The ONNX server reads it.
    data: {
      file: root === '.' ? file.name : file.name.slice(root.length + 1),
      format: 'onnx',
      modelClass: null,
    },
  };
}

function pipelineOf(
  { normalizes, maxTokens, prompt, dimensions }: StaticTable,
  { kind }: { readonly kind: string | null },
): PipelineServing {
  return {
    task: 'feature-extraction',
    architecture: 'StaticEmbedding',
    labels: [],
    maxTokens,
    pooling: 'mean',
    normalizes,
    tokenizer: kind,
    hasChatTemplate: false,
    ...(prompt !== '' && { prompt }),
    ...(dimensions !== null && { dimensions }),
  };
}
