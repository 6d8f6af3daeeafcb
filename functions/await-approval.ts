import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { awaitApprovalOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.AwaitApproval.input, awaitApprovalOnAws(process.env));
