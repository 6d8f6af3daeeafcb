export type Header = (name: string) => string | undefined;

const BY_THE_ADAPTER = ['x-amzn-request-context'] as const;
const BY_THE_API = [
  'x-slipway-domain',
  'x-slipway-path',
  'x-slipway-key-id',
  'x-slipway-request-id',
] as const;

/**
 * The headers that only a client can have set, so that nobody may trust them. On Lambda, AWS's web adapter passes on API Gateway's information about a request; in front of a container, API Gateway itself does. Each of these headers replaces the client's.
 * On one machine the gateway removes both.
 */
export function claimsOfClients(env: {
  readonly AWS_LAMBDA_FUNCTION_NAME?: string | undefined;
}): readonly string[] {
  return env.AWS_LAMBDA_FUNCTION_NAME ? BY_THE_API : BY_THE_ADAPTER;
}

/**
 * API Gateway's context of a request that came through it, which AWS's web adapter passes on.
 * https://github.com/awslabs/aws-lambda-web-adapter#request-context
 */
export function apiContext(header: Header): Readonly<Record<string, unknown>> {
  try {
    return Object(JSON.parse(header('x-amzn-request-context') ?? '{}'));
  } catch {
    return {};
  }
}

/** Who sent a request: the id of an account's key, else the address that the gateway of one machine saw; empty where neither is known. */
export function callerOf(header: Header): string {
  const { apiKeyId } = Object(apiContext(header)['identity']);
  return header('x-slipway-key-id') || String(apiKeyId ?? '') || (header('x-forwarded-for') ?? '');
}

/** The id that the client or the gateway gave a request, else the API's own id in its access log, which a container gets in a header. */
export function requestId(header: Header): string | undefined {
  const given = [
    header('x-request-id'),
    header('x-slipway-request-id'),
    apiContext(header)['requestId'],
  ];
  // It comes from the client, and goes to the log.
  return given.map((id) => String(id ?? '')).find((id) => /^[\w.:/+=@-]{1,128}$/.test(id));
}
