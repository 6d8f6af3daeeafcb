import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { inspectCatboost } from '#formats/catboost/inspect.ts';
import { inspectLightgbm } from '#formats/lightgbm/inspect.ts';
import type { Given } from '#formats/reader.ts';
import { inspectSklearn } from '#formats/sklearn/inspect.ts';
import { inspectSkops } from '#formats/skops/inspect.ts';
import { inspectXgboost } from '#formats/xgboost/inspect.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { memoryFile } from '../bytes/archive-files.ts';
import { bytesSource } from '../bytes/sources.ts';

export const MODELS: string = join(import.meta.dirname, '../../fixtures/models');

type Tensor = {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
};

/** A framework's own facts about a model that it saved. */
export type Expected = {
  readonly versions: Readonly<Record<string, string>>;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly requests: readonly {
    readonly protocol: 'infer' | 'invocations';
    readonly body: { readonly inputs?: readonly Tensor[] };
    readonly answer: { readonly outputs?: readonly Tensor[] };
  }[];
};

/** The names of the models of one format. */
export function modelsOf(format: string): readonly string[] {
  return readdirSync(join(MODELS, format), { withFileTypes: true })
    .map(({ name }) => name)
    .filter((name) => !name.endsWith('.expected.json'))
    .sort();
}

export function expectedOf(format: string, name: string): Expected {
  return JSON.parse(readFileSync(join(MODELS, format, `${name}.expected.json`), 'utf8'));
}

export function bytesOf(format: string, name: string): Buffer {
  return readFileSync(join(MODELS, format, name));
}

export function sourceOf(format: string, name: string): ByteSource {
  return bytesSource(bytesOf(format, name));
}

/** The signature without the names of classes, which no request says. */
export function unlabelled(signature: ModelFacts['signature']): ModelFacts['signature'] {
  const outputs = signature?.outputs.map(({ classes: _, ...output }) => output);
  return signature && { ...signature, outputs: outputs ?? [] };
}

/** The signature which the requests of a model are of: free in their first dimension. */
export function servedSignature({
  facts,
  requests,
}: Expected): ModelFacts['signature'] | undefined {
  const infer = requests.find(({ protocol }) => protocol === 'infer');
  const anyLength = (facts['anyLength'] ?? []) as readonly number[];
  const free = (tensors: readonly Tensor[] = []) =>
    tensors.map(({ name, datatype, shape }) => ({
      name,
      datatype,
      shape: shape.map((size, at) => (at === 0 || anyLength.includes(at) ? -1 : size)),
    }));
  return (
    infer &&
    JSON.parse(
      JSON.stringify({ inputs: free(infer.body.inputs), outputs: free(infer.answer.outputs) }),
    )
  );
}

/** The files of a model that is a folder, or its one file, as an artifact has them. */
export function artifactOf(format: string, name: string): readonly ArtifactFile[] {
  const path = join(MODELS, format, name);
  if (!statSync(path).isDirectory()) return [memoryFile(name, readFileSync(path))];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      return memoryFile(relative(path, full), readFileSync(full));
    });
}

const INSPECTORS: Readonly<Record<string, Given['inspectData']>> = {
  sklearn: async (file) => inspectSklearn(await file.open(), file.name, []),
  skops: async (file) => inspectSkops(await file.open(), file.name, []),
  xgboost: async (file) => inspectXgboost(await file.open(), file.name),
  lightgbm: async (file) => inspectLightgbm(await file.open(), file.name),
  catboost: async (file) => inspectCatboost(await file.open(), file.name),
};

/** The inspector of each format of one file. */
export const inspectData: Given['inspectData'] = (file, format) => {
  const inspect = INSPECTORS[format];
  if (inspect) return inspect(file, format);
  throw new Error(`${file.name} is of the format ${format}, which is not of one file`);
};
