import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { shiftTrafficOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.ShiftTraffic.input, shiftTrafficOnAws(process.env));
