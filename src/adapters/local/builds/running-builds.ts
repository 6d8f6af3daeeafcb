import type { Builds } from '#ports/builds.ts';
import type { ImageBuilds } from './build-image.ts';

/** The builds of images and, where there are any, of environments. */
export type Builders = { readonly image: ImageBuilds; readonly environment?: ImageBuilds };

/** The builds that wait or run on this machine; the image of a deployment is built last. */
export function runningBuilds(builders: Builders): Builds {
  return {
    async find(deploymentId) {
      for (const kind of ['image', 'environment'] as const) {
        const found = builders[kind]?.find(deploymentId);
        if (found) return { of: kind, ...found };
      }
      return undefined;
    },
    async stop(deploymentId) {
      for (const builder of Object.values(builders)) builder.stopOf(deploymentId);
    },
  };
}
