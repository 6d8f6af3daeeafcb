import * as z from 'zod/mini';

/**
 * A request as API Gateway passes it to a REQUEST authorizer. Only `multiValueHeaders` shows a repeated header.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
 */
export const authorizerRequest = z.object({
  methodArn: z.string(),
  headers: z.optional(z.nullable(z.record(z.string(), z.string()))),
  multiValueHeaders: z.optional(z.nullable(z.record(z.string(), z.array(z.string())))),
});

export type AuthorizerRequest = z.infer<typeof authorizerRequest>;
