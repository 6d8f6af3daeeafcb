import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { restartVersionOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.RestartVersion.input,
  restartVersionOnAws(process.env),
);
