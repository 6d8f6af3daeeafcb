import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { admitDeploymentOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(
  workflow.AdmitDeployment.input,
  admitDeploymentOnAws(process.env),
);
