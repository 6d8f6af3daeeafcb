import type { UnusedEnvironments } from '#ports/environment-images.ts';
import type { Registry } from '#ports/registry.ts';
import { each, type Part } from './sweep-each.ts';

type Deps = {
  readonly registry: Registry;
  readonly unusedEnvironments: UnusedEnvironments | null;
};

/** Takes away the environments that no image is made of, unless a deployment is under way: it may have been told that one is there. */
export function removeUnusedEnvironments({ registry, unusedEnvironments }: Deps): Promise<Part> {
  const isBusy = async () => (await registry.unended()).length > 0;
  return each(
    async () => (await unusedEnvironments?.clear(isBusy)) ?? [],
    async (tag) => tag,
  );
}
