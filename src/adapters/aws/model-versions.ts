import { type LambdaClient, paginateListVersionsByFunction } from '@aws-sdk/client-lambda';
import { absentIfNotFound } from './absent.ts';
import { translated } from './failures.ts';

const LATEST = '$LATEST';

/** The published versions of a model's function: which number each revision has. */
export type ModelVersions = {
  readonly numbers: ReadonlyMap<string, string>;
  /** Undefined for a number that is no revision's. */
  revision(version: string): string | undefined;
};

/** Empty when there is no such function. */
export async function readVersions(
  lambda: LambdaClient,
  functionName: string,
): Promise<ModelVersions> {
  const published = await translated(() => list(lambda, functionName).catch(absentIfNotFound));
  const numbers = new Map(published);
  const revisions = new Map([...numbers].map(([revision, number]) => [number, revision]));
  return { numbers, revision: (version) => revisions.get(version) };
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
