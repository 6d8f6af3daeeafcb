import {
  type LambdaClient,
  type ListFunctionsCommandOutput,
  ListVersionsByFunctionCommand,
} from '@aws-sdk/client-lambda';
import { lambdaPlatform } from '#adapters/aws/lambda/lambda-platform.ts';
import { cloudWatchModelLogs } from '#adapters/aws/logs/cloudwatch-model-logs.ts';
import { dynamoFence } from '#adapters/aws/registry/fence.ts';
import { fakeClock } from '../clock/fake-clock.ts';
import type { StartServer } from '../fronts/model-sandbox.ts';
import { memoryAccountLimits } from '../memory/account-limits.ts';
import { dynamoWorld } from './dynamo.ts';
import { modelFunctionsWorld } from './model-functions.ts';
import type { Moto } from './moto.ts';
import { addMiddleware } from './rules/rules.ts';

export const API_STAGE = 'api';
const START_LOOK_MS = 10_000;

/** A platform over moto in virtual time: a sleep moves the clock. Without `startServer`, processes answer for its functions. */
export async function lambdaPlatformWorld(
  moto: Moto,
  startLookMs = START_LOOK_MS,
  startServer?: StartServer,
) {
  const world = await modelFunctionsWorld(moto, startServer);
  const clock = fakeClock(Date.now());
  const dynamo = dynamoWorld(moto);
  const { functions } = world;
  const accountLimits = memoryAccountLimits(clock);
  const platformOver = (lambda: LambdaClient, table = dynamo.client()) =>
    lambdaPlatform({
      lambda: listingLeft(lambda, world.lambda()),
      logs: cloudWatchModelLogs({ logs: world.logs, group: functions.logGroup, clock }),
      functions,
      fence: dynamoFence({ client: table, table: dynamo.table }),
      accountLimits,
      apiStage: API_STAGE,
      clock,
      sleep: async (ms) => clock.advance(ms),
      startLookMs,
    });
  return {
    ...world,
    clock,
    dynamo,
    accountLimits,
    platformOver,
    platform: platformOver(world.lambda()),
  };
}

/** Moto keeps deleted versions, since it numbers the next by how many there are; `guarded` knows which are left. */
export function listingLeft(lambda: LambdaClient, guarded: LambdaClient): LambdaClient {
  addMiddleware(lambda, (next, { commandName }) => async (args) => {
    const answer = await next(args);
    if (commandName !== 'ListFunctionsCommand') return answer;
    const output = answer.output as ListFunctionsCommandOutput;
    const left: NonNullable<typeof output.Functions> = [];
    for (const each of output.Functions ?? []) {
      const { FunctionName } = each;
      const list = new ListVersionsByFunctionCommand({ FunctionName });
      const { Versions = [] } = await guarded.send(list);
      if (Versions.some(({ Version }) => Version === each.Version)) left.push(each);
    }
    return { ...answer, output: { ...output, Functions: left } };
  });
  return lambda;
}
