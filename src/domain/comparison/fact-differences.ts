import type { ArtifactFacts, LanguageServing, PipelineServing } from '#domain/artifact/facts.ts';
import type { Signature } from '#domain/artifact/signature.ts';
import type { DeploymentWork, Inspection } from '#domain/deployment.ts';
import { declaredOf } from '#domain/manifest/declared.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import {
  bounded,
  breaking,
  type Difference,
  harmless,
  listed,
  quoted,
  suspicious,
  when,
} from './difference.ts';
import {
  type ExpectedLabels,
  labelDifferences,
  wrongLabelDeclarations,
} from './label-differences.ts';
import { manifestDifferences } from './manifest-differences.ts';
import { rangeDifferences } from './range-differences.ts';
import { signatureDifferences } from './signature-differences.ts';
import { textDifferences } from './text-differences.ts';
import { weightDifferences } from './weight-differences.ts';

/** All that is known of a version before it answers: `signature` and `takesColumns` as it is served. */
export type KnownVersion = {
  readonly facts: ArtifactFacts;
  readonly manifest: Manifest;
  readonly signature: Signature | null;
  readonly takesColumns: boolean;
};

/** A retrained model is seldom this many times larger or smaller than the one before. */
const OTHER_SIZE = 4;

export function knownVersion(inspection: Inspection, work: DeploymentWork): KnownVersion {
  const proof = work.image?.proof;
  return {
    ...inspection,
    signature: declaredOf(inspection, work).signature,
    takesColumns: proof?.takesColumns ?? inspection.facts.takesColumns,
  };
}

/**
 * How a version differs from the one that it replaces, by what is known of both without a request; the heaviest first.
 * The requests that `before` takes and the form of its answers are a promise to its clients.
 */
export function factDifferences(before: KnownVersion, after: KnownVersion): readonly Difference[] {
  return bounded([
    ...rangeDifferences(
      before.facts.ranges,
      after.facts.ranges,
      (after.signature ?? before.signature)?.inputs ?? [],
    ),
    ...weightDifferences(before.facts.weights, after.facts.weights),
    ...requestDifferences(before, after),
    ...wrongLabelDeclarations(labelsOf(after), expectedLabels(after)),
    ...pipelineDifferences(before.facts.pipeline, after.facts.pipeline, expectedLabels(after)),
    ...languageDifferences(before.facts.language, after.facts.language),
    ...textDifferences(before.facts, after.facts),
    ...serverDifferences(before.manifest, after.manifest),
    ...manifestDifferences(before.manifest, after.manifest),
    ...artifactDifferences(before.facts, after.facts),
  ]);
}

function requestDifferences(before: KnownVersion, after: KnownVersion): readonly Difference[] {
  if (!before.signature) return [];
  if (!after.signature) {
    return [suspicious('it does not declare its inputs; the version before did')];
  }
  if (before.takesColumns !== after.takesColumns) {
    const [own, theirs] = after.takesColumns
      ? ['named columns', 'one tensor']
      : ['one tensor', 'named columns'];
    return [breaking(`it takes ${own}; before: ${theirs}`)];
  }
  return signatureDifferences(before.signature, after.signature, expectedLabels(after));
}

/** The manifest of a deployment that an older Slipway began has no gate. */
function expectedLabels({ manifest }: KnownVersion): ExpectedLabels {
  return manifest.gate?.expect.labels ?? {};
}

/** All labels that it answers; empty where they are not known. */
function labelsOf({ signature, facts }: KnownVersion): readonly string[] {
  const outputs = signature?.outputs ?? [];
  return [...outputs.flatMap(({ classes = [] }) => classes), ...(facts.pipeline?.labels ?? [])];
}

function pipelineDifferences(
  before: PipelineServing | undefined,
  after: PipelineServing | undefined,
  expected: ExpectedLabels,
): readonly Difference[] {
  if (!before || !after) return [];
  if (before.task !== after.task) {
    return [breaking(`its task is ${after.task}; before: ${before.task}`)];
  }
  const space = spaceOf(after);
  const hasMoved = after.task === 'feature-extraction' && space !== spaceOf(before);
  return [
    ...labelDifferences(before.labels, after.labels, 'the model', expected),
    ...when(
      hasMoved,
      breaking(
        'its vectors lie in another space (network, pooling, dimensions or prompt differ), and vectors that clients have stored no longer compare with them',
      ),
    ),
    ...when(
      before.architecture !== after.architecture && !hasMoved,
      suspicious(
        `its network is a ${quoted(after.architecture)}; before: a ${quoted(before.architecture)}`,
      ),
    ),
    ...when(
      before.tokenizer !== after.tokenizer && !hasMoved,
      suspicious(
        `its tokenizer is ${after.tokenizer ?? 'made from other files'}; before: ${before.tokenizer ?? 'made from other files'}`,
      ),
    ),
    ...when(
      isLess(after.maxTokens, before.maxTokens),
      suspicious(`it reads ${after.maxTokens} tokens of a text; before: ${before.maxTokens}`),
    ),
    ...when(
      JSON.stringify(before.image) !== JSON.stringify(after.image),
      suspicious('it prepares pictures in another way'),
    ),
  ];
}

/** All that decides where the vector of a text lies, besides the weights. */
function spaceOf(pipeline: PipelineServing): string {
  const { architecture, tokenizer, pooling, normalizes, modules, prompt, lowers, dimensions } =
    pipeline;
  return JSON.stringify([
    architecture,
    tokenizer,
    pooling,
    normalizes,
    modules ?? [],
    prompt ?? '',
    lowers ?? false,
    dimensions ?? null,
  ]);
}

function languageDifferences(
  before: LanguageServing | undefined,
  after: LanguageServing | undefined,
): readonly Difference[] {
  if (!before || !after) return [];
  return [
    ...when(
      before.task !== after.task,
      breaking(`its task is to ${after.task}; before: to ${before.task}`),
    ),
    ...when(
      after.contextTokens < before.contextTokens,
      breaking(
        `a request and its answer may have ${after.contextTokens} tokens; before: ${before.contextTokens}`,
      ),
    ),
    ...when(
      before.hasChatTemplate && !after.hasChatTemplate,
      breaking('it has no chat template, so it answers no conversations any more'),
    ),
  ];
}

function serverDifferences(before: Manifest, after: Manifest): readonly Difference[] {
  const gone = (before.server.aliases ?? []).filter(
    (alias) => !after.server.aliases?.includes(alias),
  );
  const [path, theirs] = [after.runtime.requestPath, before.runtime.requestPath];
  return [
    ...when(gone.length > 0, breaking(`it no longer answers to the name ${listed(gone)}`)),
    ...when(
      before.server.extraColumns === 'ignore' && after.server.extraColumns === 'refuse',
      breaking('it refuses requests with more columns than it has, which were answered before'),
    ),
    ...when(
      path !== theirs,
      breaking(
        `its requests go to ${path ?? '/invocations'}; before: to ${theirs ?? '/invocations'}`,
      ),
    ),
  ];
}

function artifactDifferences(before: ArtifactFacts, after: ArtifactFacts): readonly Difference[] {
  const [own, theirs] = [frameworkOf(after), frameworkOf(before)];
  return [
    ...when(
      before.format !== after.format,
      harmless(`it is a model of the format ${after.format}; before: ${before.format}`),
    ),
    ...when(own !== theirs, harmless(`it was made by ${own}; before: by ${theirs}`)),
    ...when(
      isOtherObjective(after, before),
      suspicious(`it was trained for ${after.objective}; before: for ${before.objective}`),
    ),
    ...when(
      isOtherSize(after.parameters, before.parameters),
      suspicious(
        `it has ${after.parameters?.toLocaleString('en-US')} parameters; before: ${before.parameters?.toLocaleString('en-US')}`,
      ),
    ),
    ...when(
      before.dtypes.join() !== after.dtypes.join(),
      suspicious(
        `its numbers are ${after.dtypes.join(', ') || 'unknown'}; before: ${before.dtypes.join(', ') || 'unknown'}`,
      ),
    ),
  ];
}

function frameworkOf({ framework }: ArtifactFacts): string {
  if (!framework) return 'plain Python';
  return framework.version === null ? framework.name : `${framework.name} ${framework.version}`;
}

/** Each framework has names of its own. */
function isOtherObjective(own: ArtifactFacts, theirs: ArtifactFacts): boolean {
  if (!own.objective || !theirs.objective || own.format !== theirs.format) return false;
  return own.objective !== theirs.objective;
}

function isLess(own: number | null, theirs: number | null): boolean {
  return own !== null && theirs !== null && own < theirs;
}

function isOtherSize(own: number | null, theirs: number | null): boolean {
  if (own === null || theirs === null) return false;
  return Math.max(own, theirs) > OTHER_SIZE * Math.min(own, theirs);
}
