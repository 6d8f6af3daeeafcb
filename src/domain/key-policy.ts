import type { ApiKey } from './api-key.ts';

/** What a Lambda authorizer answers API Gateway. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html */
export type KeyPolicy = {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: '2012-10-17';
    readonly Statement: readonly [
      {
        readonly Effect: 'Allow';
        readonly Action: 'execute-api:Invoke';
        readonly Resource: readonly string[];
      },
    ];
  };
  readonly usageIdentifierKey: string;
};

// Spelled out, since `*` matches slashes too: `*/models/a/*` would allow POST /models/b/v2/models/a/infer.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'];

/** The one key that a request's headers offer, as `Authorization: Bearer` or `x-api-key`; undefined when there is none, or more than one. */
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
 * Allows a key's holder to call its models, all of them whatever was asked for, so that the answer may be cached; anything else is API Gateway's 403.
 * `methodArn` is `arn:PARTITION:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH`.
 */
export function keyPolicy({ id, models }: ApiKey, hash: string, methodArn: string): KeyPolicy {
  const [api = '', stage = ''] = methodArn.split('/');
  const paths =
    models === 'all'
      ? ['models/*']
      : models.flatMap((model) => [`models/${model}`, `models/${model}/*`]);
  const resources = METHODS.flatMap((method) =>
    paths.map((path) => `${api}/${stage}/${method}/${path}`),
  );
  return {
    principalId: id,
    policyDocument: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'execute-api:Invoke', Resource: resources }],
    },
    usageIdentifierKey: hash,
  };
}
