import type { ArtifactFacts } from '#domain/artifact/facts.ts';
import { tooManyParts } from '#domain/artifact/limit.ts';
import { EXAMPLES_FILE } from '#domain/comparison/examples-file.ts';
import { type Artifact, type ArtifactPart, isOfModel } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Manifest } from '#domain/manifest/manifest.ts';
import type { StepInput, StepOutput } from '#domain/workflow.ts';
import type { ArtifactStore, ByteSource } from '#ports/artifact-store.ts';
import type { Registry } from '#ports/registry.ts';
import { exampleLines, textOf } from './example-lines.ts';
import { requireDeployment } from './require-deployment.ts';

/** One file of the artifact, for the formats to read by ranges and on demand. */
type ArtifactFile = {
  readonly name: string;
  readonly sizeBytes: number;
  open(): Promise<ByteSource>;
};

export type InspectDeps = {
  readonly registry: Registry;
  readonly artifacts: ArtifactStore;
  readonly inspect: (files: readonly ArtifactFile[], manifest: Manifest) => Promise<ArtifactFacts>;
  readonly parseManifest: (text: string, fileName: string) => Manifest | Promise<Manifest>;
};

const MAX_MANIFEST_BYTES = 256 * 1024;

export const inspectArtifact =
  ({ registry, artifacts, inspect, parseManifest }: InspectDeps) =>
  async ({
    deploymentId,
    epoch,
  }: StepInput<'InspectArtifact'>): Promise<StepOutput<'InspectArtifact'>> => {
    const deployment = await requireDeployment(registry, deploymentId);
    if (deployment.work.inspection) return {};
    const { artifact } = deployment;
    const tooMany = tooManyParts(artifact.key, artifact.parts);
    if (tooMany) throw tooMany;
    const manifest = await parseManifest(
      artifact.manifest ? await readManifest(artifacts, artifact, artifact.manifest) : '',
      artifact.manifest?.key ?? '',
    );
    // A file that the gate could not read later is refused before anything is built.
    await exampleLines(artifacts, artifact);
    const facts = await inspect(
      artifact.parts.filter(isOfModel).map((part) => ({
        name: part.name,
        sizeBytes: part.sizeBytes,
        open: () => artifacts.open({ ...part, bucket: artifact.bucket }),
      })),
      manifest,
    );
    await registry.advance(
      { deploymentId, epoch },
      'Inspected',
      { inspection: { facts, manifest } },
      {
        data: {
          format: facts.format,
          sizeBytes: facts.sizeBytes,
          parameters: facts.parameters,
          inputs: facts.signature?.inputs ?? [],
          outputs: facts.signature?.outputs ?? [],
        },
      },
    );
    return {};
  };

async function readManifest(
  artifacts: ArtifactStore,
  { bucket }: Artifact,
  manifest: ArtifactPart,
): Promise<string> {
  const { key, sizeBytes } = manifest;
  if (sizeBytes > MAX_MANIFEST_BYTES) {
    throw new Failure(
      'ArtifactRejected',
      `${key} is ${sizeBytes} bytes; the limit for a manifest is ${MAX_MANIFEST_BYTES}`,
      { fix: `Move examples out of the manifest, into ${EXAMPLES_FILE}: one on each line.` },
    );
  }
  return textOf(artifacts, bucket, manifest);
}
