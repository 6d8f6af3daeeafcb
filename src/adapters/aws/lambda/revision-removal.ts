import type { LambdaClient } from '@aws-sdk/client-lambda';
import { modelOf } from '#domain/identity.ts';
import { readFunction } from './function-state.ts';
import type { ModelFunctions } from './model-function.ts';
import type { FunctionChanges } from './model-function-changes.ts';
import type { KnownVersions } from './model-versions.ts';

type Options = {
  readonly lambda: LambdaClient;
  readonly functions: ModelFunctions;
  readonly versions: KnownVersions;
};

/** Deletes a revision's version, and the function with its last version. */
export async function removeVersion(
  { lambda, functions: { prefix }, versions }: Options,
  revision: string,
  changes: FunctionChanges,
): Promise<void> {
  const name = prefix + modelOf(revision);
  const latest = await readFunction(lambda, name);
  if (!latest) return;
  const { numbers } = await versions.list(name);
  versions.forget(name);
  const number = numbers.get(revision);
  const isLatest = latest.revision === revision;
  const isOnly = numbers.size === (number ? 1 : 0) && (isLatest || latest.revision === '');
  if (isOnly) return changes.remove();
  if (isLatest) await unmark(revision, changes);
  if (number) await changes.remove(number);
}

/** Detaches $LATEST from the revision: else a look would publish it again. */
async function unmark(revision: string, changes: FunctionChanges): Promise<void> {
  const settled = await changes.settled();
  if (settled?.revision === revision) await changes.configure({ Description: '' }, settled);
}

/** Deleting the last version deletes the function; a function without versions, held by no revision, may be left over. */
export async function forgetFunction(
  { lambda, functions: { prefix }, versions }: Options,
  model: string,
  changes: FunctionChanges,
): Promise<void> {
  const name = prefix + model;
  const latest = await readFunction(lambda, name);
  if (latest?.revision !== '') return;
  const { numbers } = await versions.list(name);
  if (numbers.size === 0) await changes.remove();
}
