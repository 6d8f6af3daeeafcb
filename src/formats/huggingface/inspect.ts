import type { ImageServing, ModelFacts, PipelineServing } from '#domain/artifact/facts.ts';
import { isConvertible } from '#domain/artifact/format.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import type { FindFolders, ReadFolder } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { huggingFaceFolders } from './folder.ts';
import {
  CONVERTER,
  generationMemory,
  languageOf,
  PIECES,
  PILLOW,
  TEXTS,
  TRANSFORMERS,
} from './generation.ts';
import { gpuModelOf } from './gpu-model.ts';
import { imagesIn } from './images.ts';
import { objectIn, RESAVE } from './json-file.ts';
import { memoryOf, type Parts, unconvertedMemory } from './memory.ts';
import { type Network, networkOf, refuseCode } from './network.ts';
import { quantizerOf } from './quantized.ts';
import { sentencesIn } from './sentences.ts';
import { type InspectData, type Read, readWeights } from './served-weights.ts';
import { exampleOf, signatureOf } from './signature.ts';
import { type StaticFacts, staticFacts } from './static-facts.ts';
import { staticTableIn } from './static-table.ts';
import { type TokenizerFacts, tokenizerIn } from './tokenizer.ts';
import { isKnownType, unknownType } from './transformers-types.ts';
import type { Weights } from './weights.ts';

export const read: ReadFolder = (files, root, given) => inspectHuggingFace(files, root, given);

export const folders: FindFolders = huggingFaceFolders;

/** The facts in a Hugging Face folder beyond those of all models. */
export type HuggingFaceFacts = ModelFacts &
  Omit<Network, 'task' | 'labels' | 'architecture'> & {
    readonly format: 'huggingface';
    readonly pipeline: PipelineServing;
    readonly parameters: number;
  };

export type HuggingFaceOptions = {
  readonly inspectData: InspectData;
  /** The manifest's settings for a model that generates. */
  readonly asked: { readonly contextTokens?: number; readonly requestsAtOnce?: number };
  /** The file of weights that the manifest names, or null. */
  readonly path: string | null;
};

type Files = readonly ArtifactFile[];

/** The tasks that the ONNX server answers. */
const ENCODERS: readonly string[] = [
  'text-classification',
  'token-classification',
  'question-answering',
  'fill-mask',
  'feature-extraction',
  'image-classification',
];

/** The tasks that transformers answers token by token. */
const GENERATING: readonly string[] = ['text-generation', 'text2text-generation'];

/** The tasks of language models that also see or hear. */
const BESIDE_TEXTS: readonly string[] = ['image-text-to-text', 'audio-text-to-text'];

// transformers makes the network's accessories from these files, where they exist.
const BESIDE_NETWORK = ['processor_config.json', 'generation_config.json'] as const;

/** Reads the facts of the folder `root` as transformers or sentence-transformers saved it, without loading or running any of it. Fails with `ArtifactRejected`. */
export async function inspectHuggingFace(
  files: Files,
  root: string,
  { inspectData, asked, path }: HuggingFaceOptions,
): Promise<HuggingFaceFacts | StaticFacts> {
  const table = await staticTableIn(files, root);
  if (table) return staticFacts(files, { root, path }, table);
  const sentences = await sentencesIn(files, root);
  const folder = sentences?.folder ?? root;
  const name = within(folder, 'config.json');
  const config = await objectIn(files, folder, 'config.json');
  if (!config) throw rejected(`${name} is missing`, RESAVE);
  const network = networkOf(config, name);
  for (const beside of BESIDE_NETWORK) {
    refuseCode((await objectIn(files, folder, beside)) ?? {}, beside);
  }
  const quantizer = quantizerOf(config, name);
  const tokenizer = await tokenizerIn(files, folder);
  const places = { root, folder, path };
  const { weights, read, leftOut } = await readWeights(files, places, {
    head: sentences?.head,
    inspectData,
  });
  const image = network.task === 'image-classification' ? await imagesIn(files, folder) : undefined;
  const parts = { network, tokenizer, sentences, image };
  const pipeline = pipelineOf(parts);
  refuseUnserved(weights, pipeline, { tokenizer, read });
  const { task: _, labels, architecture, ...own } = network;
  const generating = weights.kind !== 'onnx' && GENERATING.includes(pipeline.task);
  const language = generating ? languageOf(pipeline, asked) : undefined;
  const gpuModel = language && gpuModelOf(network, read, asked);
  if (quantizer !== null && !gpuModel) throw quantizedForGpus(pipeline, quantizer);
  const isConverted = isConvertible({
    format: 'huggingface',
    data: { format: formatOf(weights) },
    language,
    pipeline,
  });
  const isKept = weights.kind !== 'onnx' && !isConverted;
  const isKnown = weights.kind === 'onnx' || isKnownType(network, pipeline.task);
  if (!isKnown && !gpuModel) throw unknownType(network, name);
  return {
    format: 'huggingface',
    formatVersion: `${architecture}, ${weights.kind}`,
    framework: null,
    pythonVersion: null,
    requirements: requirementsOf(weights, {
      isPieced: !tokenizer.hasFile && tokenizer.madeOf === 'pieces',
      isConverted,
      image,
    }),
    signature: language
      ? TEXTS
      : signatureOf(pipeline, sentences?.head?.width ?? network.hiddenSize),
    takesColumns: false,
    ...read,
    parameters: read.parameters ?? 0,
    memory: language
      ? generationMemory({ ...network, ...read }, language)
      : (isKept ? unconvertedMemory : memoryOf)(parts, pipeline, read),
    ...(isConverted && { unconverted: unconvertedMemory(parts, pipeline, read) }),
    example: language ? null : exampleOf(pipeline, tokenizer.maskToken),
    ...(language && { language }),
    ...(!image && { text: tokenizer.text }),
    ...(gpuModel && { gpuModel }),
    ...(quantizer !== null && { quantizer }),
    ...(leftOut.length > 0 && { leftOut }),
    ...(!isKnown && { unknownType: network.modelType ?? '' }),
    entrypoint: null,
    pipeline,
    data: { file: pathIn(root, weights.file.name), format: formatOf(weights), modelClass: null },
    ...own,
  };
}

/** Empty for ONNX; else the packages that load the network, and those that convert it where a build tries that. */
function requirementsOf(
  { kind }: Weights,
  {
    isPieced,
    isConverted,
    image,
  }: {
    readonly isPieced: boolean;
    readonly isConverted: boolean;
    readonly image: ImageServing | undefined;
  },
): readonly string[] {
  if (kind === 'onnx') return [];
  return [
    ...TRANSFORMERS,
    ...(isPieced ? PIECES : []),
    ...(image ? [PILLOW] : []),
    ...(isConverted ? [CONVERTER] : []),
  ];
}

function pipelineOf({ network, tokenizer, sentences, image }: Parts): PipelineServing {
  return {
    task: sentences?.pooling ? 'feature-extraction' : network.task,
    architecture: network.architecture,
    labels: network.labels,
    maxTokens: image ? null : maxTokensOf({ network, tokenizer, sentences }),
    pooling: sentences?.pooling ?? null,
    normalizes: sentences?.head?.normalizes ?? false,
    tokenizer: tokenizer.kind,
    hasChatTemplate: tokenizer.hasChatTemplate,
    ...(!image && !tokenizer.hasFile && { isTokenMade: true }),
    ...(sentences?.head?.modules.length && { modules: sentences.head.modules }),
    ...(sentences?.prompt && { prompt: sentences.prompt }),
    ...(sentences?.lowers && { lowers: true }),
    ...(sentences?.dimensions && { dimensions: sentences.dimensions }),
    ...(sentences?.activation && { activation: sentences.activation }),
    ...(image && { image }),
  };
}

// Their positions begin after the padding token's: https://github.com/huggingface/transformers/blob/main/src/transformers/models/roberta/modeling_roberta.py
const POSITIONS_AFTER_PADDING = /roberta|camembert|mpnet|longformer|^esm$|^data2vec-text$/;
const PADDING_POSITIONS = 2;

/** The smallest of the limits of sentence-transformers, the tokenizer and the network's positions. */
function maxTokensOf({ network, tokenizer, sentences }: Omit<Parts, 'image'>): number | null {
  const { positions, modelType } = network;
  const isShifted = POSITIONS_AFTER_PADDING.test(modelType ?? '');
  const room = positions === null ? null : positions - (isShifted ? PADDING_POSITIONS : 0);
  const limits = [sentences?.maxTokens ?? null, tokenizer.maxTokens, room];
  const known = limits.filter((each) => each !== null && each > 0);
  return known.length > 0 ? Math.min(...known.map(Number)) : null;
}

/** Rejects models that are understood but not served by this version. */
function refuseUnserved(
  weights: Weights,
  { task, architecture, image }: PipelineServing,
  { tokenizer, read }: { readonly tokenizer: TokenizerFacts; readonly read: Read },
): void {
  const isGenerated = GENERATING.includes(task) && weights.kind !== 'onnx';
  if (!ENCODERS.includes(task) && !isGenerated) {
    throw rejected(
      `${quoted(architecture)} (${sizeOf(read)}) does ${task}, which this version does not serve from such a folder`,
      wayOut(task),
    );
  }
  if (weights.kind === 'onnx' && weights.file.member) {
    throw rejected(
      `${weights.file.name} is in an archive, from which no ONNX model is served`,
      'Upload the folder itself.',
    );
  }
  if (image) refuseUnprepared(weights, architecture, image);
  const isMade = tokenizer.madeOf !== null && weights.kind !== 'onnx';
  if (image || tokenizer.hasFile || isMade) return;
  throw rejected(
    `the folder of ${quoted(architecture)} has no tokenizer.json, without which no text becomes tokens`,
    `Save the fast tokenizer beside it: \`AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)\`.${weights.kind === 'onnx' ? ' Without one, set `model.format: onnx` in model.yaml: it then takes tensors.' : ''}`,
  );
}

function wayOut(task: PipelineServing['task']): string {
  if (task === 'text-generation') {
    return `Save its weights as safetensors (save_pretrained), or convert it to GGUF with llama.cpp's convert_hf_to_gguf.py and upload the .gguf file, or ${BY_CODE}.`;
  }
  const code = `Serve it by code of your own: ${BY_CODE}.`;
  if (!BESIDE_TEXTS.includes(task)) return code;
  return `${code} For texts alone, convert it with llama.cpp's convert_hf_to_gguf.py, which leaves out what sees and hears, and upload the .gguf file.`;
}

function sizeOf({ parameters, weightBytes, dtypes }: Read): string {
  const counted = parameters === null ? '' : `${parameters.toLocaleString('en-US')} parameters, `;
  return `${counted}${weightBytes.toLocaleString('en-US')} bytes of weights in ${dtypes.join(', ')}`;
}

function quantizedForGpus({ task, architecture }: PipelineServing, quantizer: string) {
  return rejected(
    `${quoted(architecture)} does ${task} with weights that were quantized by ${quantizer}, which only a language model on a GPU is served with`,
    `Upload the model before it was quantized; or ${BY_CODE}.`,
  );
}

/** Rejects a folder that has only ONNX, which transformers cannot serve. */
function refuseUnprepared(
  { kind }: Weights,
  architecture: string,
  { processor, isPrepared }: ImageServing,
): void {
  if (kind !== 'onnx' || isPrepared) return;
  throw rejected(
    `${quoted(architecture)} prepares images by ${quoted(processor)}, as the ONNX server does not`,
    `Upload its safetensors instead, which transformers serves; or ${BY_CODE}.`,
  );
}

function formatOf({ kind }: Weights): 'onnx' | 'huggingface' {
  return kind === 'onnx' ? 'onnx' : 'huggingface';
}

function pathIn(root: string, name: string): string {
  return root === '.' ? name : name.slice(root.length + 1);
}
