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

type Headers = readonly (readonly [name: string, value: string])[];

/**
 * The key in a request's headers: `Authorization: Bearer`, `x-api-key`, or the password that a browser asked for; undefined when there is none, or more than one.
 * A browser also sends the password with requests that other sites' pages make. So the password counts only for requests that change nothing, and for those that a page of this API sends.
 * No key counts for the script of a service worker: all models have one origin, and API Gateway passes on a model's `Service-Worker-Allowed`, by which its script would answer for the others.
 */
export function offeredKey(headers: Headers, methodArn: string): string | undefined {
  if (isServiceWorker(headers)) return undefined;
  const [, , method = ''] = methodArn.split('/');
  const isSafe = ['GET', 'HEAD'].includes(method) || isFromOwnPage(headers);
  const offered = headers.flatMap(([name, value]) => {
    switch (name.toLowerCase()) {
      case 'x-api-key':
        return value.trim() || [];
      case 'authorization':
        return bearer(value) ?? (isSafe ? password(value) : undefined) ?? [];
      default:
        return [];
    }
  });
  const [key, ...others] = new Set(offered);
  return others.length === 0 ? key : undefined;
}

/** https://www.w3.org/TR/fetch-metadata/: no page can set this header. */
function isFromOwnPage(headers: Headers): boolean {
  const sites = headers.filter(([name]) => name.toLowerCase() === 'sec-fetch-site');
  return sites.length > 0 && sites.every(([, value]) => value === 'same-origin');
}

/** https://w3c.github.io/ServiceWorker/#service-worker-script-request: a browser sets it where it fetches such a script, and no page can. */
function isServiceWorker(headers: Headers): boolean {
  return headers.some(([name]) => name.toLowerCase() === 'service-worker');
}

function bearer(value: string): string | undefined {
  return /^bearer +(\S+)$/i.exec(value.trim())?.[1];
}

function password(value: string): string | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(value.trim())?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return undefined;
  return /:(.+)$/.exec(atob(encoded))?.[1];
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
