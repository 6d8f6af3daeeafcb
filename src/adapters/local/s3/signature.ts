import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createScope, getCanonicalHeaders, getCanonicalQuery } from '@smithy/signature-v4';
import { hasExpired } from '#domain/api-key.ts';
import { refusal } from './refusal.ts';
import type { Asked } from './request.ts';
import type { S3Key } from './s3-keys.ts';

/** A verified request: whose it is, and the key by which it and the chunks of its body are signed. */
export type Signed = {
  readonly caller: S3Key;
  readonly signature: string;
  /** The key of this day, region and service. */
  readonly signingKey: Buffer;
  readonly longDate: string;
  readonly scope: string;
  /** `x-amz-content-sha256`, or that a signed URL says nothing of the body. */
  readonly payload: string;
};

type Options = {
  readonly find: (accessKeyId: string) => S3Key | undefined;
  readonly nowMs: number;
};

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const SERVICE = 's3';
const SKEW_MS = 15 * 60_000;
const MOST_SECONDS = 7 * 86_400;

/** The claim of a request: who signed it, when, for how long, and which parts. */
type Claim = {
  readonly accessKeyId: string;
  readonly shortDate: string;
  readonly region: string;
  readonly longDate: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly payload: string;
  /** Null for a request whose headers are signed. */
  readonly expiresSeconds: number | null;
};

/**
 * Verifies a request's Signature Version 4, in its headers or in its URL, and answers whose it is.
 * Fails with the code that S3 gives. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
 */
export function verified(asked: Asked, { find, nowMs }: Options): Signed {
  const claim = claimOf(asked);
  requireTime(claim, nowMs);
  requireSigned(asked, claim);
  const caller = find(claim.accessKeyId);
  if (!caller) {
    throw refusal(
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records. `slipway keys list` shows those that do.',
    );
  }
  const { shortDate, region, longDate, signature, payload } = claim;
  const scope = createScope(shortDate, region, SERVICE);
  const signingKey = [shortDate, region, SERVICE, 'aws4_request'].reduce<Buffer>(
    (key, part) => hmac(key, part),
    Buffer.from(`AWS4${caller.secret}`),
  );
  const text = [ALGORITHM, longDate, scope, sha256(canonical(asked, claim))].join('\n');
  if (!isSame(hmac(signingKey, text).toString('hex'), signature)) {
    throw refusal(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    );
  }
  // Only its holder learns that a key has expired.
  if (caller.expiresAtMs !== undefined && hasExpired(caller, nowMs)) {
    throw refusal(
      'AccessDenied',
      `Access Denied: the key ${caller.name} expired at ${new Date(caller.expiresAtMs).toISOString()}. \`slipway keys create\` makes another.`,
    );
  }
  return { caller, signature, signingKey, longDate, scope, payload };
}

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Takes the same time whatever the given one is. */
export function isSame(wanted: string, given: string): boolean {
  const [one, other] = [Buffer.from(wanted), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function claimOf(asked: Asked): Claim {
  const { authorization } = asked.headers;
  const isInUrl = 'X-Amz-Algorithm' in asked.query || 'X-Amz-Signature' in asked.query;
  if (authorization !== undefined && isInUrl) {
    throw refusal(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified.',
    );
  }
  if ('x-amz-security-token' in asked.headers || 'X-Amz-Security-Token' in asked.query) {
    throw refusal('InvalidToken', 'The keys of Slipway have no session token: send none.');
  }
  if (isInUrl) return claimOfUrl(asked);
  if (authorization?.startsWith(ALGORITHM)) return claimOfHeader(asked, authorization);
  if (authorization !== undefined || 'Signature' in asked.query) {
    throw refusal(
      'InvalidRequest',
      'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256 (in boto3: Config(signature_version="s3v4")).',
    );
  }
  throw refusal(
    'AccessDenied',
    'Access Denied: the request is not signed. `slipway keys create NAME --all` makes a key.',
  );
}

const HEADER =
  /^AWS4-HMAC-SHA256 Credential=([^,\s]+), ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})$/;

function claimOfHeader(asked: Asked, authorization: string): Claim {
  const [, credential = '', signedHeaders = '', signature = ''] = HEADER.exec(authorization) ?? [];
  const payload = asked.headers['x-amz-content-sha256'];
  const longDate = asked.headers['x-amz-date'];
  const malformed = (what: string) =>
    refusal('AuthorizationHeaderMalformed', `The authorization header is malformed; ${what}.`);
  if (!credential) throw malformed('it needs a Credential, SignedHeaders and a Signature');
  if (payload === undefined) {
    throw refusal(
      'InvalidRequest',
      'Missing required header for this request: x-amz-content-sha256',
    );
  }
  if (longDate === undefined) {
    throw refusal('AccessDenied', 'AWS authentication requires a valid x-amz-date header.');
  }
  return {
    ...scopeOf(credential, longDate, malformed),
    longDate,
    signedHeaders: signedHeaders.split(';'),
    signature,
    payload,
    expiresSeconds: null,
  };
}

function claimOfUrl({ query }: Asked): Claim {
  const malformed = (what: string) => refusal('AuthorizationQueryParametersError', `${what}.`);
  const one = (name: string) => {
    const [value, ...others] = query[`X-Amz-${name}`] ?? [];
    if (value !== undefined && others.length === 0) return value;
    throw malformed(
      `Query-string authentication needs X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders and X-Amz-Expires, each once; X-Amz-${name} does not stand so`,
    );
  };
  if (one('Algorithm') !== ALGORITHM)
    throw malformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const longDate = one('Date');
  const expires = one('Expires');
  const expiresSeconds = /^\d{1,7}$/.test(expires) ? Number(expires) : Number.NaN;
  if (!(expiresSeconds >= 1 && expiresSeconds <= MOST_SECONDS)) {
    throw malformed(`X-Amz-Expires is from 1 to ${MOST_SECONDS} seconds`);
  }
  return {
    ...scopeOf(one('Credential'), longDate, malformed),
    longDate,
    signedHeaders: one('SignedHeaders').split(';'),
    signature: one('Signature'),
    payload: query['X-Amz-Content-Sha256']?.[0] ?? UNSIGNED_PAYLOAD,
    expiresSeconds,
  };
}

function scopeOf(credential: string, longDate: string, malformed: (what: string) => Error) {
  const [accessKeyId = '', shortDate = '', region = '', service, end, ...rest] =
    credential.split('/');
  if (service !== SERVICE || end !== 'aws4_request' || rest.length > 0 || !region) {
    throw malformed(
      'the Credential is not of the form ACCESS-KEY-ID/YYYYMMDD/REGION/s3/aws4_request',
    );
  }
  if (shortDate !== longDate.slice(0, 8)) {
    throw malformed(`the Credential is of another day than the request, which is of ${longDate}`);
  }
  return { accessKeyId, shortDate, region };
}

function requireTime({ longDate, expiresSeconds }: Claim, nowMs: number): void {
  const atMs = Date.parse(
    longDate.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'),
  );
  if (Number.isNaN(atMs)) {
    throw refusal('AccessDenied', 'The date of the request is not of the form 20260102T030405Z.');
  }
  if (expiresSeconds === null) {
    if (Math.abs(nowMs - atMs) <= SKEW_MS) return;
    throw refusal(
      'RequestTimeTooSkewed',
      `The difference between the request time and the current time is too large: it is of ${longDate}, and it is ${new Date(nowMs).toISOString()} here. 15 minutes are allowed.`,
    );
  }
  if (atMs - nowMs > SKEW_MS) throw refusal('AccessDenied', 'Request is not yet valid');
  if (nowMs > atMs + expiresSeconds * 1000) throw refusal('AccessDenied', 'Request has expired');
}

/** Whoever has seen one signed request must not send it with a header more that changes what it does. */
function requireSigned({ headers }: Asked, { signedHeaders, expiresSeconds }: Claim): void {
  const needed = Object.keys(headers).filter(
    (name) => name === 'host' || (name.startsWith('x-amz-') && !isOfUrl(name, expiresSeconds)),
  );
  const unsigned = ['host', ...needed].find((name) => !signedHeaders.includes(name));
  if (unsigned === undefined) return;
  throw refusal(
    'AccessDenied',
    `There were headers present in the request which were not signed: ${unsigned}`,
  );
}

/** Some clients send the hash of the body also beside a signed URL, which says itself what is signed of the body; nothing looks at it then. */
function isOfUrl(name: string, expiresSeconds: number | null): boolean {
  return expiresSeconds !== null && name === 'x-amz-content-sha256';
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; S3 encodes a path once. */
function canonical({ method, path, query, headers }: Asked, claim: Claim): string {
  const signed = Object.fromEntries(
    claim.signedHeaders.map((name) => [name, headers[name] ?? ''] as const),
  );
  const values = getCanonicalHeaders(
    { headers: signed, method, protocol: '', hostname: '', path },
    undefined,
    new Set(claim.signedHeaders),
  );
  const names = Object.keys(values).sort();
  return [
    method,
    escaped(path),
    getCanonicalQuery({
      query: mutable(query),
      headers: {},
      method,
      protocol: '',
      hostname: '',
      path,
    }),
    ...names.map((name) => `${name}:${values[name]}`),
    '',
    names.join(';'),
    claim.payload,
  ].join('\n');
}

function mutable(query: Asked['query']): Record<string, string[]> {
  return Object.fromEntries(Object.entries(query).map(([name, values]) => [name, [...values]]));
}

function escaped(path: string): string {
  return path.split('/').map(escapedPart).join('/');
}

function escapedPart(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
