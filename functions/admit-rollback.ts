import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { admitRollbackOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.AdmitRollback.input, admitRollbackOnAws(process.env));
