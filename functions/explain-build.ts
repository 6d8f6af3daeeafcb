import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { explainBuildOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.ExplainBuild.input, explainBuildOnAws(process.env));
