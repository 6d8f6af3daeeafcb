import { Failure, type FailureName } from '#domain/failure.ts';

// AWS's names, in any service, for a throttled request.
// https://github.com/smithy-lang/smithy-typescript/blob/main/packages/service-error-classification/src/constants.ts
const THROTTLED = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'TransactionInProgressException',
]);

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  // From the SDK: it found no credentials at all.
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'UnauthorizedException',
  'UnrecognizedClientException',
]);

/**
 * Runs one AWS call and translates its errors: throttled, denied and unavailable are distinguished, and `names` maps the service's own errors.
 * Any other error is rethrown unchanged.
 */
export async function translated<Answer>(
  call: () => Promise<Answer>,
  names: Readonly<Record<string, FailureName>> = {},
): Promise<Answer> {
  try {
    return await call();
  } catch (cause) {
    throw translate(cause, names);
  }
}

/** A refusal whose error says by its message alone what it is. */
export type Refused = {
  readonly sign: RegExp;
  readonly name: FailureName;
  readonly fix: string;
};

/** For `catch` inside of `translated`: fails as the first of these that the error's message has the sign of, and with the error itself where none is. */
export function refusedAs(known: readonly Refused[]): (cause: unknown) => never {
  return (cause) => {
    if (!(cause instanceof Error)) throw cause;
    const found = known.find(({ sign }) => sign.test(cause.message));
    if (!found) throw cause;
    throw new Failure(found.name, `${cause.name}: ${cause.message}`, { cause, fix: found.fix });
  };
}

function translate(cause: unknown, names: Readonly<Record<string, FailureName>>): unknown {
  if (!(cause instanceof Error) || cause instanceof Failure) return cause;
  const name = names[cause.name] ?? generalName(cause);
  return name ? new Failure(name, `${cause.name}: ${cause.message}`, { cause }) : cause;
}

function generalName(error: Error): FailureName | undefined {
  const status = statusOf(error);
  if (THROTTLED.has(error.name) || status === 429) return 'PlatformThrottled';
  if (DENIED.has(error.name) || status === 403) return 'PlatformDenied';
  const isUnreachable = status === undefined && 'code' in error;
  if (isUnreachable || error.name === 'TimeoutError') return 'PlatformUnavailable';
  return status !== undefined && status >= 500 ? 'PlatformUnavailable' : undefined;
}

/** The HTTP status; undefined when there was no response. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const metadata: unknown = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  return 'httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number'
    ? metadata.httpStatusCode
    : undefined;
}
