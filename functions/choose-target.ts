import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { chooseTargetOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.ChooseTarget.input, chooseTargetOnAws(process.env));
