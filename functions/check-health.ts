import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { checkHealthOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.CheckHealth.input, checkHealthOnAws(process.env));
