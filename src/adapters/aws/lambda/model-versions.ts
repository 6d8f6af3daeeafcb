import {
  type LambdaClient,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import { type FunctionKind, kindOf } from './model-function.ts';

const LATEST = '$LATEST';

/** The published versions of a model's function, as version numbers by revision. */
export type ModelVersions = {
  readonly numbers: ReadonlyMap<string, string>;
  /** How each revision answers. */
  readonly kinds: ReadonlyMap<string, FunctionKind>;
  /** Undefined for a number that belongs to no revision. */
  revision(version: string): string | undefined;
};

/** Empty when the function does not exist. */
export async function readVersions(
  lambda: LambdaClient,
  functionName: string,
): Promise<ModelVersions> {
  const published = await translated(() => list(lambda, functionName).catch(absentIfNotFound));
  const numbers = new Map(published?.map(({ revision, number }) => [revision, number]));
  const kinds = new Map(published?.map(({ revision, kind }) => [revision, kind]));
  const revisions = new Map([...numbers].map(([revision, number]) => [number, revision]));
  return { numbers, kinds, revision: (version) => revisions.get(version) };
}

/** The revisions of all functions named by this prefix and a model, including unpublished ones. */
export async function listRevisions(
  lambda: LambdaClient,
  prefix: string,
): Promise<readonly { readonly revision: string; readonly model: string }[]> {
  return translated(async () => {
    const models = new Map<string, string>();
    const query = { FunctionVersion: 'ALL' as const };
    for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, query)) {
      for (const { FunctionName = '', Description = '' } of Functions) {
        const model = FunctionName.slice(prefix.length);
        const isRevision = Description.startsWith(`${model}-v`);
        if (FunctionName.startsWith(prefix) && isRevision) models.set(Description, model);
      }
    }
    return [...models].map(([revision, model]) => ({ revision, model }));
  });
}

type Published = {
  readonly revision: string;
  readonly number: string;
  readonly kind: FunctionKind;
};

async function list(lambda: LambdaClient, FunctionName: string): Promise<readonly Published[]> {
  const published: Published[] = [];
  for await (const page of paginateListVersionsByFunction({ client: lambda }, { FunctionName })) {
    for (const { Description = '', Version = LATEST, Environment } of page.Versions ?? []) {
      if (Version === LATEST) continue;
      const kind = kindOf(Environment?.Variables);
      published.push({ revision: Description, number: Version, kind });
    }
  }
  return published;
}
