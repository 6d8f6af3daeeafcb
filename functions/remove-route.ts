import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { removeRouteOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.RemoveRoute.input, removeRouteOnAws(process.env));
