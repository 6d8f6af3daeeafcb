import type { Deployment } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Registry } from '#ports/registry.ts';

/** The deployment a step works on; a retry cannot mend its absence. */
export async function requireDeployment(registry: Registry, id: string): Promise<Deployment> {
  const deployment = await registry.deployment(id);
  if (!deployment) throw new Failure('InputInvalid', `the registry has no deployment ${id}`);
  return deployment;
}

/** The result of an earlier step. Its absence means that the workflow reached a step without the ones before it. */
export function requireWork<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Failure('InputInvalid', `the deployment has no ${what} yet`);
  return value;
}

/** The version that an admitted deployment was given. */
export function requireVersion({ id, version }: Deployment): number {
  if (version === null) throw new Failure('InputInvalid', `deployment ${id} has no version`);
  return version;
}
