import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { releaseLeaseOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.ReleaseLease.input, releaseLeaseOnAws(process.env));
