import type { LambdaClient } from '@aws-sdk/client-lambda';
import { Failure } from '#domain/failure.ts';
import { requireSameDeployment } from '#domain/identity.ts';
import type { RevisionSpec } from '#ports/platform.ts';
import { type FunctionState, hasItsImage, readFunction } from './function-state.ts';
import {
  type FunctionDefinition,
  functionDefinition,
  type ModelFunctions,
} from './model-function.ts';
import type { FunctionChanges } from './model-function-changes.ts';
import type { KnownVersions } from './model-versions.ts';

type Options = {
  readonly lambda: LambdaClient;
  readonly functions: ModelFunctions;
  readonly versions: KnownVersions;
  changesOf(model: string, epoch: number): Promise<FunctionChanges>;
};

type Creation = {
  readonly spec: RevisionSpec;
  readonly definition: FunctionDefinition;
  readonly changes: FunctionChanges;
};

/** Prepares a revision in $LATEST, or continues where an earlier call for it stopped. */
export function revisionCreation({ lambda, functions, versions, changesOf }: Options) {
  return async (spec: RevisionSpec, epoch: number): Promise<void> => {
    const name = functions.prefix + spec.model;
    const definition = functionDefinition(spec, functions);
    const creation = { spec, definition, changes: await changesOf(spec.model, epoch) };
    const latest = await readFunction(lambda, name);
    // Without a function there are no versions to ask for.
    const numbers = latest ? (await versions.list(name)).numbers : new Map<string, string>();
    const number = numbers.get(spec.revision);
    if (number) return refuseOther(spec, await readFunction(lambda, name, number));

    if (latest?.revision === spec.revision) return adopt(creation, latest);
    if (latest && !isStillborn(latest, numbers.size)) return update(creation);
    if (latest) await creation.changes.remove();
    const isMade = await creation.changes.create(creation.definition);
    if (!isMade) refuseOther(spec, await readFunction(lambda, name));
  };
}

/** A function whose creation failed accepts no further changes. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html */
function isStillborn({ condition }: FunctionState, versions: number): boolean {
  return condition.kind === 'failed' && versions === 0;
}

async function update(creation: Creation): Promise<void> {
  const { definition, changes } = creation;
  const before = await changes.settled();
  if (before) await changes.tag(definition.tags, before);
  // Tagged, it may have another RevisionId.
  const settled = await changes.settled();
  if (settled) await changes.configure(definition.configuration, settled);
  await setImage(creation);
}

async function adopt(creation: Creation, latest: FunctionState): Promise<void> {
  refuseOther(creation.spec, latest);
  if (!hasItsImage(latest)) await setImage(creation);
}

/** The second half of an update. If the first half failed, it changes nothing; the look reports why. */
async function setImage({ spec, definition, changes }: Creation): Promise<void> {
  const settled = await changes.settled();
  if (settled?.revision !== spec.revision) throw overtaken(spec);
  if (settled.condition.kind === 'failed' || settled.imageUri === definition.imageUri) return;
  await changes.setImage(definition.imageUri, settled);
}

function refuseOther(spec: RevisionSpec, found: FunctionState | undefined): void {
  if (found?.revision !== spec.revision) throw overtaken(spec);
  requireSameDeployment(spec, found);
}

function overtaken({ revision }: RevisionSpec): Failure {
  return new Failure('PlatformUnavailable', `the function of ${revision} was changed meanwhile`);
}
