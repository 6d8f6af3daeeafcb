import { Failure } from './failure.ts';

/** The syntax of a model's name in keys, records, routes and events. */
export const MODEL_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

const MOST_LETTERS = 40;

export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name);
}

/** The valid model name nearest to an invalid one: `My Model` is `my-model`, `größe_2` is `grosse-2`. Undefined when none of its characters can stand in a name. */
export function nearestModelName(name: string): string | undefined {
  const letters = name.replaceAll('ß', 'ss').normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const plain = letters.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const found = plain.replace(/^-/, '').slice(0, MOST_LETTERS).replace(/-$/, '');
  return isModelName(found) ? found : undefined;
}

/** The one running copy of a model version; the value of `x-slipway-revision`. A repeated attempt adopts it. */
export function revisionName(model: string, version: number): string {
  return `${model}-v${version}`;
}

/** The model of a revision that `revisionName` named. Fails with `InputInvalid` for any other name. */
export function modelOf(revision: string): string {
  const model = /^(.+)-v\d+$/.exec(revision)?.[1];
  if (model) return model;
  throw new Failure(
    'InputInvalid',
    `${revision} is not the name of a revision; expected <model>-v<version>`,
  );
}

/** The version of a revision of this model; undefined for any other name. */
export function versionOf(revision: string, model: string): number | undefined {
  const version = Number(/-v(\d+)$/.exec(revision)?.[1]);
  return revision === revisionName(model, version) ? version : undefined;
}

/** Fails with `RevisionFailed` when an existing revision belongs to another deployment: a repeated attempt adopts only its own. */
export function requireSameDeployment(
  { revision, deploymentId }: { readonly revision: string; readonly deploymentId: string },
  found: { readonly deploymentId: string | undefined },
): void {
  if (found.deploymentId === deploymentId) return;
  throw new Failure(
    'RevisionFailed',
    `${revision} already exists and belongs to deployment ${found.deploymentId}, not to ${deploymentId}`,
  );
}
