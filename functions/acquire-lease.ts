import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { acquireLeaseOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.AcquireLease.input, acquireLeaseOnAws(process.env));
