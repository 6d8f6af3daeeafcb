import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { verifyTrafficOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.VerifyTraffic.input, verifyTrafficOnAws(process.env));
