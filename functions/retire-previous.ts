import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { retirePreviousOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.RetirePrevious.input,
  retirePreviousOnAws(process.env),
);
