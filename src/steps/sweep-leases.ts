import type { Model } from '#domain/deployment.ts';
import type { Registry } from '#ports/registry.ts';
import { each, type Part } from './sweep-each.ts';

type Deps = { readonly registry: Registry };

/** Frees the leases that outlived their deployments; returns the models. */
export function freeDeadLeases({ registry }: Deps): Promise<Part> {
  return each(
    () => registry.models(),
    (model) => freeDeadLease(registry, model),
  );
}

async function freeDeadLease(registry: Registry, { name }: Model): Promise<string | undefined> {
  const holder = (await registry.lease(name))?.holder;
  const isFreed = holder && (await registry.freeDeadLease(name, holder.deploymentId));
  return isFreed ? name : undefined;
}
