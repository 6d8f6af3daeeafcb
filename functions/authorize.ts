import { lambdaHandler } from '#adapters/aws/lambda-handler.ts';
import { authorizeOnAws } from '#compose/aws-beside.ts';
import { authorizerRequest } from '#domain/authorizer-request.ts';

export const handler = lambdaHandler(authorizerRequest, authorizeOnAws(process.env));
