import {
  AddPermissionCommand,
  type LambdaClient,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import { absentIfNotFound } from '#adapters/aws/absent.ts';
import { modelRoute } from '#adapters/aws/api/model-api.ts';
import { translated } from '#adapters/aws/failures.ts';
import { ALIASES } from './model-function.ts';

// API Gateway names a request's own path: one pattern for the endpoint and the paths below it would match other models' too.
const STATEMENTS = { 'slipway-endpoint': '', 'slipway-route': '/*' } as const;

/** Each alias has a policy of its own; the names differ all the same, so that none depends on that. */
function statementId(name: string, alias: string): string {
  return alias === ALIASES.function ? name : `${name}-${alias}`;
}

/**
 * Permits the model's route, and nothing else in API Gateway, to invoke the model's alias. A streamed invocation needs the same permission:
 * https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
 */
export async function allowRoute(
  lambda: LambdaClient,
  route: { readonly model: string; readonly aliasArn: string; readonly apiId: string },
): Promise<void> {
  const [, partition, , region, account, , FunctionName, Qualifier = ''] =
    route.aliasArn.split(':');
  const api = `arn:${partition}:execute-api:${region}:${account}:${route.apiId}`;
  for (const [name, below] of Object.entries(STATEMENTS)) {
    const command = new AddPermissionCommand({
      FunctionName,
      Qualifier,
      StatementId: statementId(name, Qualifier),
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      // Any stage, any method: `*/*` also covers the API's own test invocations.
      SourceArn: `${api}/*/*${modelRoute(route.model)}${below}`,
    });
    await translated(() => lambda.send(command).catch(sameIfThere));
  }
}

/** Idempotent. */
export async function forbidRoute(
  lambda: LambdaClient,
  FunctionName: string,
  Qualifier: string,
): Promise<void> {
  for (const name of Object.keys(STATEMENTS)) {
    const StatementId = statementId(name, Qualifier);
    const command = new RemovePermissionCommand({ FunctionName, Qualifier, StatementId });
    await translated(() => lambda.send(command).catch(absentIfNotFound));
  }
}

function sameIfThere(error: unknown): void {
  if (error instanceof Error && error.name === 'ResourceConflictException') return;
  throw error;
}
