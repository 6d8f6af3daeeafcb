import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import { languageMemory } from '#domain/placement/language-memory.ts';
import { tensorPrints } from '#formats/bytes/tensor-prints.ts';
import ggml from '#formats/data/ggml-types.json' with { type: 'json' };
import type { Given, ReadFile } from '#formats/reader.ts';
import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type GgufHeader, readGguf } from './header.ts';
import { type Network, networkOf, servingOf, shapeOf, sum } from './language.ts';
import { allTensors } from './splits.ts';
import type { GgufTensors } from './tensors.ts';
import { endsByText, preparationOf } from './text-preparation.ts';

export const read: ReadFile = inspectGguf;

/** The facts in a GGUF file beyond those of all models. */
export type GgufFacts = ModelFacts &
  Omit<Network, 'task' | 'cacheWidth'> & {
    readonly format: 'gguf';
    /** The quantization by llama.cpp's name: "Q4_K_M". */
    readonly quantization: string;
    readonly tensors: number;
    readonly parameters: number;
    readonly language: NonNullable<ModelFacts['language']>;
  };

// llama.cpp with its server, as one library. Each version reads all GGUF files of the versions before it.
const ENGINE = 'xllamacpp==2026.10.11549';

const FILE_TYPES: Readonly<Record<string, string>> = ggml.fileTypes;
const PROTOCOL_NAMES: Readonly<Record<string, string>> = { F16: 'FP16', F32: 'FP32', F64: 'FP64' };

/** Reads the facts of a model for llama.cpp, in one file or several, without its weights. Fails with `ArtifactRejected`. */
export async function inspectGguf(
  source: ByteSource,
  file: string,
  { files, asked }: Pick<Given, 'files' | 'asked'>,
): Promise<GgufFacts> {
  const header = await readGguf(source, file);
  const found = await allTensors(header, file, files);
  const parts = found.map(({ tensors }) => tensors);
  const { task, cacheWidth, ...network } = networkOf(header.values, file);
  const parameters = sum(parts.map((part) => part.parameters));
  if (parameters === 0) {
    throw rejected(
      `${file} has no weights: it is a vocabulary alone`,
      'Upload the GGUF file of the whole model.',
    );
  }
  const weightBytes = sum(parts.map(({ bytes }) => bytes));
  const serving = servingOf({ ...network, task, cacheWidth }, asked);
  const language = endsByText(header.values) ? { ...serving, endsByText: true } : serving;
  const quantization = quantizationOf(header, parts);
  const prints = await tensorPrints(found.flatMap(({ fitted }) => fitted));
  return {
    format: 'gguf',
    formatVersion: `v${header.version}, ${quantization}`,
    framework: null,
    pythonVersion: null,
    requirements: [ENGINE],
    signature: signatureOf(task, network.embeddingLength),
    takesColumns: false,
    parameters,
    weightBytes,
    dtypes: typesOf(parts)
      .map((name) => PROTOCOL_NAMES[name] ?? name)
      .sort(),
    ...(prints && { weights: prints }),
    memory: languageMemory(shapeOf({ ...network, task, cacheWidth }, weightBytes), language),
    example: null,
    entrypoint: null,
    language,
    text: preparationOf(header.values),
    quantization,
    tensors: sum(parts.map(({ count }) => count)),
    ...network,
  };
}

function signatureOf(task: Network['task'], width: number): Signature {
  const inputs = [{ name: 'text', datatype: 'BYTES', shape: [-1] }] as const;
  return task === 'generate'
    ? { inputs, outputs: inputs }
    : { inputs, outputs: [{ name: 'embedding', datatype: 'FP32', shape: [-1, width] }] };
}

/** The quantization that the file names, else the type of most of its weights. */
function quantizationOf({ values }: GgufHeader, parts: readonly GgufTensors[]): string {
  const said = values.get('general.file_type');
  const named = typeof said === 'number' ? FILE_TYPES[said] : undefined;
  if (named) return named;
  const of = (type: string) => sum(parts.map(({ byType }) => byType.get(type) ?? 0));
  return typesOf(parts).toSorted((one, other) => of(other) - of(one))[0] ?? '';
}

function typesOf(parts: readonly GgufTensors[]): string[] {
  return [...new Set(parts.flatMap(({ byType }) => [...byType.keys()]))];
}
