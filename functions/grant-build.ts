import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { grantBuildOnAws } from '#compose/aws.ts';
import { workflow } from '#domain/workflow.ts';

export const handler = lambdaHandler(workflow.GrantBuild.input, grantBuildOnAws(process.env));
