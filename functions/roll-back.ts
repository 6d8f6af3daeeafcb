import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { rollBackOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.RollBack.input, rollBackOnAws(process.env));
