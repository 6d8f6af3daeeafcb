import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { provisionLambdaOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.ProvisionLambda.input,
  provisionLambdaOnAws(process.env),
);
