import { Failure, type FailureName, failureName } from '#domain/failure.ts';

/** The codes of S3's errors that are answered here, with their statuses. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const STATUSES = {
  AccessControlListNotSupported: 400,
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  AuthorizationQueryParametersError: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  EntityTooLarge: 400,
  EntityTooSmall: 400,
  IncompleteBody: 400,
  InsufficientStorage: 507,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidDigest: 400,
  InvalidPart: 400,
  InvalidPartOrder: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  InvalidStorageClass: 400,
  InvalidToken: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MethodNotAllowed: 405,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NoSuchVersion: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  TooManyBuckets: 400,
  XAmzContentSHA256Mismatch: 400,
} as const;

export type S3Code = keyof typeof STATUSES;

const CODES: Partial<Record<FailureName, S3Code>> = {
  // The size is all that the bucket rejects an artifact for; the inspection comes later.
  ArtifactRejected: 'EntityTooLarge',
  InputInvalid: 'InvalidArgument',
  PlatformDenied: 'AccessDenied',
  PlatformUnavailable: 'ServiceUnavailable',
  StorageFull: 'InsufficientStorage',
};

/** A refusal in S3's own terms, to be thrown; its answer has these headers. */
export function refusal(
  code: S3Code,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Failure {
  return new Failure('InputInvalid', message, { cause: new RefusalCause(code, headers) });
}

class RefusalCause {
  readonly code: S3Code;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: S3Code, headers: Readonly<Record<string, string>>) {
    this.code = code;
    this.headers = headers;
  }
}

/** S3's code and status for an error, and its message with what to do; an error that nobody expected says nothing of itself to the client. */
export function refusalOf(error: unknown): {
  readonly code: S3Code;
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
} {
  const code = codeOf(error);
  const status = STATUSES[code];
  if (!(error instanceof Failure)) {
    return {
      code,
      status,
      headers: {},
      message: 'We encountered an internal error. Please try again.',
    };
  }
  const message = error.fix ? `${error.message}. ${error.fix}` : error.message;
  const headers = error.cause instanceof RefusalCause ? error.cause.headers : {};
  return { code, status, message, headers };
}

function codeOf(error: unknown): S3Code {
  const cause = error instanceof Failure ? error.cause : undefined;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) {
    const own = Object.keys(STATUSES).find((code): code is S3Code => code === cause.code);
    if (own) return own;
  }
  const name = failureName(error);
  return (name && CODES[name]) ?? 'InternalError';
}
