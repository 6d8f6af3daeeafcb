import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { commitDeploymentOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.CommitDeployment.input,
  commitDeploymentOnAws(process.env),
);
