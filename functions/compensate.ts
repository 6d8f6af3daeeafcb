import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { compensateOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.Compensate.input, compensateOnAws(process.env));
