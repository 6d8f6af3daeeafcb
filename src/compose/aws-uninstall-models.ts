import { setTimeout as sleep } from 'node:timers/promises';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  paginateListFunctions,
} from '@aws-sdk/client-lambda';
import { apiLease } from '#adapters/aws/api-lease.ts';
import { restApiRouter } from '#adapters/aws/rest-api-router.ts';
import { Failure } from '#domain/failure.ts';
import type { Router } from '#ports/router.ts';
import { accountRegistry } from './aws-account.ts';
import { type AwsAccount, clientSettings } from './aws-account-clients.ts';
import type { SlipwayStack } from './aws-account-stack.ts';
import { type Removal, unlessGone } from './aws-uninstall-removal.ts';

type World = {
  readonly stage: string;
  readonly router: Router;
  readonly lambda: LambdaClient;
  readonly prefix: string;
};

/** What the registry names for each model: its route, and its function with all versions. */
export async function removalsOfModels(
  account: AwsAccount,
  { outputs }: SlipwayStack,
): Promise<readonly Removal[]> {
  const settings = clientSettings(account);
  const lambda = new LambdaClient(settings);
  const prefix = outputs.FunctionPrefix;
  const registry = accountRegistry(account, outputs);
  const router = accountRouter(account, outputs, lambda);
  const models = (await unlessGone(() => registry.models())) ?? [];
  const names = models.map(({ name }) => name);
  const world = { stage: account.stage, router, lambda, prefix };
  return [
    ...names.map((name) => ({
      what: `the model ${name}: its route, its versions and the function ${prefix}${name}`,
      remove: () => removeModel(world, name),
    })),
    ...(await strangers(lambda, prefix, names)),
  ];
}

function accountRouter(
  account: AwsAccount,
  outputs: SlipwayStack['outputs'],
  lambda: LambdaClient,
): Router {
  const settings = clientSettings(account);
  const waiting = { clock: { now: Date.now }, sleep: (ms: number) => sleep(ms) };
  const dynamo = new DynamoDBClient(settings);
  return restApiRouter({
    lambda,
    apiGateway: new APIGatewayClient(settings),
    lease: apiLease({ ...waiting, dynamo, table: outputs.Table, api: outputs.Api }),
    api: {
      id: outputs.Api,
      stage: outputs.ApiStage,
      modelsResource: outputs.ModelsResource,
      authorizer: outputs.Authorizer,
    },
    functionPrefix: outputs.FunctionPrefix,
  });
}

/** The function goes with all its versions, once its tags say too that it is the model's. */
async function removeModel({ stage, router, lambda, prefix }: World, model: string): Promise<void> {
  const FunctionName = prefix + model;
  const found = await unlessGone(() => lambda.send(new GetFunctionCommand({ FunctionName })));
  const tags = found?.Tags ?? {};
  if (found && (tags['slipway:stage'] !== stage || tags['slipway:model'] !== model)) {
    throw new Failure(
      'InputInvalid',
      `${FunctionName} is not tagged as Slipway's; it is left alone`,
    );
  }
  await unlessGone(() => router.remove(model));
  await unlessGone(() => lambda.send(new DeleteFunctionCommand({ FunctionName })));
}

/** Functions by whose names they could be of a model which the registry does not know: told, and not touched. */
async function strangers(
  lambda: LambdaClient,
  prefix: string,
  models: readonly string[],
): Promise<readonly Removal[]> {
  const known = new Set(models.map((model) => prefix + model));
  const found: string[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName = '' } of Functions) {
      if (FunctionName.startsWith(prefix) && !known.has(FunctionName)) found.push(FunctionName);
    }
  }
  return found.map((name) => ({
    what: `the function ${name}`,
    async remove() {
      throw new Failure(
        'InputInvalid',
        'the registry knows no such model, so it may be yours; delete it, or give it another name',
      );
    },
  }));
}
