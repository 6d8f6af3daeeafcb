import {
  type LambdaClient,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';

const LATEST = '$LATEST';

/** The published versions of a model's function, as version numbers by revision. */
export type ModelVersions = {
  readonly numbers: ReadonlyMap<string, string>;
  /** Undefined for a number that belongs to no revision. */
  revision(version: string): string | undefined;
};

/** Empty when the function does not exist. */
export async function readVersions(
  lambda: LambdaClient,
  functionName: string,
): Promise<ModelVersions> {
  const published = await translated(() => list(lambda, functionName).catch(absentIfNotFound));
  const numbers = new Map(published);
  const revisions = new Map([...numbers].map(([revision, number]) => [number, revision]));
  return { numbers, revision: (version) => revisions.get(version) };
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

async function list(lambda: LambdaClient, FunctionName: string): Promise<[string, string][]> {
  const numbers: [string, string][] = [];
  for await (const page of paginateListVersionsByFunction({ client: lambda }, { FunctionName })) {
    for (const { Description = '', Version = LATEST } of page.Versions ?? []) {
      if (Version !== LATEST) numbers.push([Description, Version]);
    }
  }
  return numbers;
}
