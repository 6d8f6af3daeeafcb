import { type ApiKey, mayCall } from './api-key.ts';
import { isModelName } from './identity.ts';

/** A Lambda authorizer's response to API Gateway. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html */
export type KeyPolicy = {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly [
      {
        readonly Effect: 'Allow' | 'Deny';
        readonly Action: 'execute-api:Invoke';
        readonly Resource: readonly string[];
      },
    ];
  };
  readonly usageIdentifierKey: string;
};

/** The key in a request's headers, `Authorization: Bearer` or `x-api-key`; undefined when there is none, or more than one. */
export function offeredKey(
  headers: readonly (readonly [name: string, value: string])[],
): string | undefined {
  const offered = headers.flatMap(([name, value]) => {
    switch (name.toLowerCase()) {
      case 'x-api-key':
        return value.trim() || [];
      case 'authorization':
        return /^bearer +(\S+)$/i.exec(value.trim())?.[1] ?? [];
      default:
        return [];
    }
  });
  const [key, ...others] = new Set(offered);
  return others.length === 0 ? key : undefined;
}

/**
 * Allows a request to a model that the key may call, and denies any other, which API Gateway answers with 403. The policy holds only for this request and must not be cached.
 * `methodArn` is `arn:PARTITION:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`.
 */
export function keyPolicy(key: ApiKey, hash: string, methodArn: string): KeyPolicy {
  const [api = '', stage = '', method = '', root = '', model = ''] = methodArn.split('/');
  const isAllowed = root === 'models' && isModelName(model) && mayCall(key, model);
  const path = `${api}/${stage}/${method}/models/${model}`;
  return {
    principalId: key.id,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: isAllowed ? 'Allow' : 'Deny',
          Action: 'execute-api:Invoke',
          Resource: isAllowed ? [path, `${path}/*`] : [`${api}/${stage}/*`],
        },
      ],
    },
    usageIdentifierKey: hash,
  };
}
