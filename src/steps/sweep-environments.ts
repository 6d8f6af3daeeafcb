import type { UnusedEnvironments } from '#ports/environment-images.ts';
import type { Registry } from '#ports/registry.ts';
import { each, type Part } from './sweep-each.ts';

type Deps = {
  readonly registry: Registry;
  readonly unusedEnvironments: UnusedEnvironments | null;
};

/** Removes the environments that no image is based on, unless a deployment is under way: it may count on one of them. */
export function removeUnusedEnvironments({ registry, unusedEnvironments }: Deps): Promise<Part> {
  const isBusy = async () => (await registry.unended()).length > 0;
  return each(
    async () => (await unusedEnvironments?.clear(isBusy)) ?? [],
    async (tag) => tag,
  );
}
