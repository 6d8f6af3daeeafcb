import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { missingCaveat } from '#domain/artifact/caveat.ts';
import type {
  ImageServing,
  LanguageServing,
  PipelineServing,
  SentenceModule,
} from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import type { Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { Failure } from '#domain/failure.ts';
import { gpuMemory } from '#domain/placement/gpu-memory.ts';
import type { PathInspection } from '#operations/inspection/inspect-path.ts';
import { optionLines } from './views/explain.ts';

const MIB = 1024 * 1024;
const LABEL_WIDTH = 13;
const MOST_LISTED = 12;

type Row = readonly [label: string, says: string | null];

/** Tells a person what was found in an artifact, and what a deployment would do with it. */
export function inspectionLines(found: PathInspection): readonly string[] {
  const { facts, server, python, converts, manifestFile, hasManifest, options } = found;
  const { framework, signature } = facts;
  const rows: readonly Row[] = [
    ['model', placeOf(found)],
    ['format', [facts.format, facts.formatVersion].filter(Boolean).join(', ')],
    ['made by', framework && [framework.name, framework.version ?? '(version unknown)'].join(' ')],
    ['answers by', facts.entrypoint],
    [
      'runs code',
      // Where a framework loads the model, the entrypoint is only the model's class.
      facts.entrypoint && !framework
        ? `its owner’s own code, unchecked; on one machine ${network(found)}`
        : null,
    ],
    ['size', `${count(facts.sizeBytes)} bytes${parameters(facts.parameters)}`],
    ['inputs', signature && tensors(signature, 'inputs')],
    ['missing', missingCaveat(facts.data?.format ?? facts.format)],
    ['outputs', signature && (tensors(signature, 'outputs') || 'determined by the build')],
    ['answers', facts.language ? language(facts.language) : null],
    ...pipelineRows(facts),
    ['memory', memory(found.memory)],
    ['on a GPU', facts.gpuModel ? memory(gpuMemory(facts.gpuModel, 1)) : null],
    ['example', facts.example && `its own, for ${facts.example.protocol}`],
    ['manifest', hasManifest ? manifestFile : 'none; --write-manifest makes one'],
    ['serves by', python ? pythonLine(python, converts) : server],
    ['packages', python && python.requirements.join(', ')],
  ];
  return [
    ...rows.flatMap(([label, says]) => (says ? [`${label.padEnd(LABEL_WIDTH)}${says}`] : [])),
    '',
    ...optionLines(options),
  ];
}

/** Writes a manifest of what was found, as a start for its owner. Fails with `InputInvalid` when there is one already. */
export async function writeManifest(found: PathInspection): Promise<void> {
  const { manifestFile, hasManifest, facts, python } = found;
  if (hasManifest) {
    throw new Failure('InputInvalid', `${manifestFile} already exists`, {
      fix: 'Edit it by hand; docs/model.yaml shows every key.',
    });
  }
  const starter = {
    model: { format: facts.format },
    // A Python that the artifact does not name stays open: any version that the framework supports will do.
    ...(python && facts.pythonVersion ? { build: { pythonVersion: python.python } } : {}),
    ...(facts.example ? { examples: [{ request: facts.example.body }] } : {}),
  };
  const text = `# docs/model.yaml shows every key; all of them are optional.\n${stringify(starter)}`;
  await writeFile(manifestFile, text, { flag: 'wx' });
}

function network({ manifest: { runtime } }: PathInspection): string {
  return runtime.network === 'open' ? 'with the network' : 'without a network (runtime.network)';
}

/** The archives that it is in, and its file or folder in them; all of a folder by its name. */
function placeOf({ artifact, facts: { archives, modelFile } }: PathInspection): string {
  return [...archives, modelFile].filter((name) => name !== '.').join(': ') || artifact;
}

function pythonLine(
  { python, orElse }: NonNullable<PathInspection['python']>,
  converts: boolean,
): string {
  const others = orElse.length > 0 ? ` (else ${orElse.join(', ')})` : '';
  const onnx = converts ? '; as ONNX instead, if it can be converted and answers the same' : '';
  return `the Python server, on Python ${python}${others}${onnx}`;
}

function tensors(signature: Signature, side: keyof Signature): string {
  const specs = signature[side];
  return listed(specs.map(tensor));
}

function listed(words: readonly string[]): string {
  const more = words.length - MOST_LISTED;
  const first = words.slice(0, MOST_LISTED).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}

function tensor({ name, datatype, shape, isUnranked, classes }: TensorSpec): string {
  const labels = classes ? ` by class (${listed(classes)})` : '';
  return `${name} ${datatype}${isUnranked ? '' : `[${shape.join(', ')}]`}${labels}`;
}

function language({ task, contextTokens, requestsAtOnce, hasChatTemplate }: LanguageServing) {
  const what =
    task === 'embed' ? 'embeddings' : hasChatTemplate ? 'conversations and texts' : 'texts';
  const requests = requestsAtOnce === 1 ? '1 request' : `${requestsAtOnce} requests`;
  return `${what} of up to ${count(contextTokens)} tokens, ${requests} at once`;
}

function pipelineRows({
  pipeline,
  data,
  weightBytes,
  dtypes,
  leftOut = [],
}: PathInspection['facts']): readonly Row[] {
  if (!pipeline) return [];
  const weights = `${count(weightBytes)} bytes of ${dtypes.join(', ')}`;
  return [
    ['task', pipelineLine(pipeline)],
    ['labels', listed(pipeline.labels)],
    ['weights', data ? `${data.file}: ${weights}` : weights],
    [
      'left out',
      leftOut.length > 0 ? `${listed(leftOut)}: the image goes without what nothing reads` : null,
    ],
  ];
}

function pipelineLine({ task, architecture, maxTokens, tokenizer, ...rest }: PipelineServing) {
  return [
    `${task} by ${architecture}`,
    maxTokens === null ? '' : `texts of up to ${count(maxTokens)} tokens`,
    tokenizer === null ? '' : `tokenized by ${tokenizer}`,
    rest.pooling === null ? '' : `pooled by ${rest.pooling}`,
    ...(rest.modules ?? []).map(moduleWord),
    rest.normalizes ? 'normalized' : '',
    rest.hasChatTemplate ? 'with a chat template' : '',
    rest.image ? imageLine(rest.image) : '',
  ]
    .filter(Boolean)
    .join(', ');
}

function moduleWord(each: SentenceModule): string {
  if (each.kind === 'Dense') return `Dense with ${each.activation}`;
  return each.kind === 'Normalize' ? 'normalized' : each.kind;
}

function imageLine({ width, height, processor }: ImageServing): string {
  return `images of ${width} x ${height} pixels, prepared as ${processor} does`;
}

function memory(terms: readonly MemoryTerm[]): string {
  const sum = terms.reduce((total, { bytes }) => total + bytes, 0);
  if (terms.length === 0) return 'measured by the build';
  const listed = terms.map(({ name, bytes }) => `${mib(bytes)} ${name}`).join(' + ');
  return `about ${mib(sum)} MiB: ${listed}`;
}

function mib(bytes: number): string {
  return count(Math.ceil(bytes / MIB));
}

function parameters(value: number | null): string {
  return value === null ? '' : `, ${count(value)} parameters`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
