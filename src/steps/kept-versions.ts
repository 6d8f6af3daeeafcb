import type { BuiltImage } from '#domain/build/image.ts';
import type { ModelVersion } from '#domain/deployment.ts';
import type { Registry } from '#ports/registry.ts';
import { requireDeployment } from './require-deployment.ts';

/** The versions of a model that serve or can start again, newest first. */
export async function keptVersions(
  registry: Registry,
  model: string,
): Promise<readonly ModelVersion[]> {
  return (await registry.versions(model)).filter(({ state }) => state !== 'Removed');
}

/** The images that these versions start from. */
export async function* imagesOf(
  registry: Registry,
  versions: readonly ModelVersion[],
): AsyncGenerator<BuiltImage> {
  for (const { deploymentId } of versions) {
    const { image } = (await requireDeployment(registry, deploymentId)).work;
    if (image) yield image;
  }
}
