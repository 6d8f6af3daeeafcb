import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { provisionFargateOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.ProvisionFargate.input,
  provisionFargateOnAws(process.env),
);
