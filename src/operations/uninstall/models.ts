import {
  DeleteFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { Failure } from '#domain/failure.ts';
import { accountRegistry } from '#operations/account/account.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import { accountRouter } from '#operations/account/router.ts';
import type { Router } from '#ports/router.ts';
import type { ContainerRevision, Containers } from './containers.ts';
import type { Parts } from './parts.ts';
import { type Removal, unlessGone } from './removal.ts';

type World = {
  readonly stage: string;
  /** Null when there is no API, and so no route. */
  readonly router: Router | null;
  readonly lambda: LambdaClient;
  readonly prefix: string;
  readonly containers: Containers | null;
  readonly revisions: readonly ContainerRevision[];
};

// All lease holders were stopped before, so epochs no longer matter.
const EPOCH = 0;

/** The removal of each model's resources in the registry: its route, its function with all versions, and its containers. */
export async function removalsOfModels(
  account: AwsAccount,
  parts: Parts,
  containers: Containers | null,
): Promise<readonly Removal[]> {
  const lambda = new LambdaClient(clientSettings(account));
  const { FunctionPrefix: prefix, Api, Table } = parts.outputs;
  const registry = accountRegistry(account, parts.outputs);
  const router = Api && Table ? accountRouter(account, parts, lambda) : null;
  const models = Table ? await unlessGone(() => registry.models()) : undefined;
  // Without a registry, only the functions' tags show which models there were.
  const names = models?.map(({ name }) => name) ?? (await taggedModels(lambda, prefix, account));
  const revisions = (await containers?.revisions()) ?? [];
  const ofContainers = containers ? ', its containers' : '';
  const world = { stage: account.stage, router, lambda, prefix, containers, revisions };
  return [
    ...names.map((name) => ({
      what: `the model ${name}: its route, its versions${ofContainers} and the function ${prefix}${name}`,
      remove: () => removeModel(world, name),
    })),
    ...(await unregistered(lambda, prefix, names)).map(leftAlone('the function')),
    ...revisions
      .filter(({ model }) => !names.includes(model))
      .map(({ revision }) => revision)
      .map(leftAlone('the task definition of')),
  ];
}

/** Removes the function with all its versions, and the containers, after checking by their tags too that they belong to the model. */
async function removeModel(world: World, model: string): Promise<void> {
  const { stage, router, lambda, prefix, containers } = world;
  const FunctionName = prefix + model;
  const found = await unlessGone(() => lambda.send(new GetFunctionCommand({ FunctionName })));
  if (found && !isOurs(found.Tags, stage, model)) {
    throw new Failure(
      'InputInvalid',
      `${FunctionName} is not tagged as Slipway's; it is left alone`,
    );
  }
  await unlessGone(async () => router?.remove(model, EPOCH));
  for (const revision of world.revisions) {
    if (revision.model === model) await containers?.remove(revision);
  }
  await containers?.forget(model);
  await unlessGone(() => lambda.send(new DeleteFunctionCommand({ FunctionName })));
}

/** Functions that are named like a model's but are not in the registry: they are reported and left alone. */
async function unregistered(
  lambda: LambdaClient,
  prefix: string,
  models: readonly string[],
): Promise<readonly string[]> {
  const known = new Set(models.map((model) => prefix + model));
  const found: string[] = [];
  for (const name of await functionsNamed(lambda, prefix)) if (!known.has(name)) found.push(name);
  return found;
}

async function taggedModels(
  lambda: LambdaClient,
  prefix: string,
  { stage }: AwsAccount,
): Promise<readonly string[]> {
  const models: string[] = [];
  for (const FunctionName of await functionsNamed(lambda, prefix)) {
    const found = await unlessGone(() => lambda.send(new GetFunctionCommand({ FunctionName })));
    const model = FunctionName.slice(prefix.length);
    if (isOurs(found?.Tags, stage, model)) models.push(model);
  }
  return models;
}

async function functionsNamed(lambda: LambdaClient, prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName = '' } of Functions) {
      if (FunctionName.startsWith(prefix)) found.push(FunctionName);
    }
  }
  return found;
}

function isOurs(
  tags: Readonly<Record<string, string>> | undefined,
  stage: string,
  model: string,
): boolean {
  return tags?.['slipway:stage'] === stage && tags['slipway:model'] === model;
}

function leftAlone(what: string): (name: string) => Removal {
  return (name) => ({
    what: `${what} ${name}`,
    async remove() {
      throw new Failure(
        'InputInvalid',
        'the registry does not know this model, so it may be yours; delete it, or rename it',
      );
    },
  });
}
