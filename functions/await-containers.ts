import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { awaitContainersOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.AwaitContainers.input,
  awaitContainersOnAws(process.env),
);
