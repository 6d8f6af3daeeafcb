import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { provisionEc2OnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.ProvisionEc2.input, provisionEc2OnAws(process.env));
