import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { planBuildOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.PlanBuild.input, planBuildOnAws(process.env));
