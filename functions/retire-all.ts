import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { retireAllOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.RetireAll.input, retireAllOnAws(process.env));
