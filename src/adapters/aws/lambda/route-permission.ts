import {
  AddPermissionCommand,
  type LambdaClient,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { translated } from '#adapters/aws/failures.ts';
import { LIVE, modelRoute } from './model-function.ts';

const STATEMENT = 'slipway-route';

/** Permits the model's route, and nothing else in API Gateway, to invoke the model's alias. */
export async function allowRoute(
  lambda: LambdaClient,
  route: { readonly model: string; readonly aliasArn: string; readonly apiId: string },
): Promise<void> {
  const [, partition, , region, account, , FunctionName] = route.aliasArn.split(':');
  const api = `arn:${partition}:execute-api:${region}:${account}:${route.apiId}`;
  const command = new AddPermissionCommand({
    FunctionName,
    Qualifier: LIVE,
    StatementId: STATEMENT,
    Action: 'lambda:InvokeFunction',
    Principal: 'apigateway.amazonaws.com',
    // Any stage, any method: `*/*` also covers the API's own test invocations.
    SourceArn: `${api}/*/*${modelRoute(route.model)}/*`,
  });
  await translated(() => lambda.send(command).catch(sameIfThere));
}

/** Idempotent. */
export async function forbidRoute(lambda: LambdaClient, FunctionName: string): Promise<void> {
  const input = { FunctionName, Qualifier: LIVE, StatementId: STATEMENT };
  await translated(() => lambda.send(new RemovePermissionCommand(input)).catch(absentIfNotFound));
}

function sameIfThere(error: unknown): void {
  if (error instanceof Error && error.name === 'ResourceConflictException') return;
  throw error;
}
