import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { admitUndeployOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.AdmitUndeploy.input, admitUndeployOnAws(process.env));
