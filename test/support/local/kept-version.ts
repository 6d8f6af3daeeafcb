import type { BuiltImage } from '#domain/build/image.ts';
import type {
  Artifact,
  ArtifactPart,
  Damage,
  Deployment,
  Model,
  ModelVersion,
} from '#domain/deployment.ts';
import type { DataFolder } from '#operations/data-folder/data-folder.ts';

const BUILT = {
  digest: `sha256:${'1'.repeat(64)}`,
  compressedBytes: 1,
  uncompressedBytes: 1,
  artifactSha256: '1'.repeat(64),
  proof: null,
  smoke: null,
};

/** The folder with one version, `digits-v1`, that starts from an image and was made of these parts; `noted` is the record of its damage. */
export function withVersion(
  folder: DataFolder,
  image: Pick<BuiltImage, 'tag'> & Partial<BuiltImage>,
  of: readonly Pick<ArtifactPart, 'versionId'>[] = [],
) {
  const noted: (Damage | null)[] = [];
  const version = { revision: 'digits-v1', deploymentId: 'd1', state: 'Live' } as ModelVersion;
  const parts = of.map((part) => ({ ...part, checksum: '' }) as ArtifactPart);
  const artifact: Pick<Artifact, 'parts' | 'manifest'> = { parts, manifest: null };
  const deployment = { artifact, work: { image: { ...BUILT, ...image } } } as unknown as Deployment;
  const registry: DataFolder['registry'] = {
    ...folder.registry,
    models: async () => [{ name: 'digits' } as Model],
    versions: async () => [version],
    deployment: async () => deployment,
    noteDamage: async (_, damage) => void noted.push(damage),
  };
  return { folder: { ...folder, registry }, noted };
}
