import { hasExpired, keyHash } from '#domain/api-key.ts';
import type { AuthorizerRequest } from '#domain/authorizer-request.ts';
import { type KeyPolicy, keyPolicy, offeredKey } from '#domain/key-policy.ts';
import type { ApiKeys } from '#ports/api-keys.ts';
import type { Clock } from '#ports/clock.ts';

/** Admits the holder of a key to the key's models. Fails with `Unauthorized` for a request without a key, with two, or with one that is unknown, revoked or expired. */
export function authorizer({ find }: Pick<ApiKeys, 'find'>, clock: Pick<Clock, 'now'>) {
  return async (request: AuthorizerRequest): Promise<KeyPolicy> => {
    const hash = await keyHash(offeredKey(headersOf(request), request.methodArn) ?? '');
    const key = hash && (await find(hash));
    // API Gateway answers 401 for exactly this message, and 500 for any other.
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
    if (!hash || !key || hasExpired(key, clock.now()))
      throw Object.assign(new Error('Unauthorized'), { name: 'Unauthorized' });
    return keyPolicy(key, hash, request.methodArn);
  };
}

function headersOf({
  headers,
  multiValueHeaders,
}: AuthorizerRequest): [name: string, value: string][] {
  const several = Object.entries(multiValueHeaders ?? {});
  return [
    ...Object.entries(headers ?? {}),
    ...several.flatMap(([name, values]) => values.map((value): [string, string] => [name, value])),
  ];
}
