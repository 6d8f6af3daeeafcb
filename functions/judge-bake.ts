import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { judgeBakeOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.JudgeBake.input, judgeBakeOnAws(process.env));
