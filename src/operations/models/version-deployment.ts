import type { Deployment, Model, ModelVersion } from '#domain/deployment.ts';
import { Failure } from '#domain/failure.ts';
import type { Registry } from '#ports/registry.ts';

const PAGE = 100;

/** A model; `versions` are those that went live, where the caller has read them. */
type NamedModel = Pick<Model, 'name'> & { readonly versions?: readonly ModelVersion[] };

/** The deployment that made a version, even if the version never went live. Fails with `InputInvalid` where there is no such version. */
export async function deploymentOf(
  registry: Registry,
  model: NamedModel,
  version: number,
): Promise<Deployment> {
  const { name, versions = await registry.versions(name) } = model;
  const known = versions.find((each) => each.version === version);
  const id = known?.deploymentId ?? (await admittedAs(registry, name, version));
  const deployment = id === undefined ? undefined : await registry.deployment(id);
  if (!deployment) throw unknownVersion(model, version);
  return deployment;
}

async function admittedAs(
  registry: Registry,
  model: string,
  version: number,
): Promise<string | undefined> {
  for (let after = ''; ; ) {
    const { events } = await registry.events({ after, limit: PAGE, model });
    const found = events.find(({ event }) => event.detail.version === version);
    const last = events.at(-1);
    if (found || !last || events.length < PAGE) return found?.event.detail.deploymentId;
    after = last.cursor;
  }
}

export function unknownVersion({ name }: Pick<Model, 'name'>, version: number | null): Failure {
  return new Failure('InputInvalid', `${name} has no version ${version}`, {
    fix: `Those that went live: \`slipway versions ${name}\`.`,
  });
}
