import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { awsChunks } from './aws-chunked.ts';
import { type Checksum, givenChecksum, requireForm, summing } from './checksums.ts';
import type { Digested, Digests } from './digested.ts';
import { refusal } from './refusal.ts';
import type { Asked } from './request.ts';
import { type Signed, UNSIGNED_PAYLOAD } from './signature.ts';

/** The object in a request's body. `bytes` ends in an error, after the last of them too, unless they are what the request has promised. */
export type Body = Digested & { readonly sizeBytes: number };

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Each way in which S3's clients send a body: whether its chunks are signed, and whether a trailer follows.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
const STREAMING: Readonly<
  Record<string, { readonly isSigned: boolean; readonly hasTrailer: boolean }>
> = {
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { isSigned: true, hasTrailer: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { isSigned: true, hasTrailer: true },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { isSigned: false, hasTrailer: true },
};

/**
 * The body of a verified request, decoded and checked as it is read.
 * Fails at once with `MissingContentLength`, `InvalidDigest`, `InvalidRequest` and `NotImplemented`; while it is read with `IncompleteBody`, `BadDigest`, `XAmzContentSHA256Mismatch`, and as `awsChunks` does.
 */
export function bodyOf(source: Readable, asked: Asked, signed: Signed): Body {
  const { payload } = signed;
  const streaming = Object.hasOwn(STREAMING, payload) ? STREAMING[payload] : undefined;
  if (!streaming && payload !== UNSIGNED_PAYLOAD && !SHA256.test(payload)) {
    throw refusal(
      payload.startsWith('STREAMING-') ? 'NotImplemented' : 'InvalidRequest',
      `x-amz-content-sha256 must be ${UNSIGNED_PAYLOAD}, ${Object.keys(STREAMING).join(', ')}, or a valid sha256 value.`,
    );
  }
  const sizeBytes = sizeOf(asked, streaming !== undefined);
  const given = givenChecksum(asked);
  if (given?.value === null && !streaming?.hasTrailer) {
    throw refusal('InvalidRequest', 'x-amz-trailer needs a payload that has a trailer.');
  }
  const wantedMd5 = md5Of(asked);
  const isHashed = !streaming && payload !== UNSIGNED_PAYLOAD;
  let digests: Digests | undefined;

  async function* read(): AsyncGenerator<Uint8Array> {
    const md5 = createHash('md5');
    const sha256 = isHashed ? createHash('sha256') : undefined;
    const sum = given && summing(given.algorithm);
    // The sender must be able to read why its bytes were refused, so the stream is left open.
    const raw: AsyncIterable<Uint8Array> = source.iterator({ destroyOnReturn: false });
    const chunks = streaming
      ? awsChunks(raw, {
          signed: streaming.isSigned ? signed : undefined,
          hasTrailer: streaming.hasTrailer,
        })
      : plain(raw);
    let seenBytes = 0;
    let trailer: Readonly<Record<string, string>> = {};
    try {
      for (;;) {
        const { done, value } = await chunks.next();
        if (done) {
          trailer = value;
          break;
        }
        seenBytes += value.byteLength;
        if (seenBytes > sizeBytes) throw incomplete();
        md5.update(value);
        sha256?.update(value);
        sum?.update(value);
        yield value;
      }
    } finally {
      await chunks.return({});
    }
    if (seenBytes !== sizeBytes) throw incomplete();
    if (sha256 && sha256.digest('hex') !== payload) {
      throw refusal(
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      );
    }
    const digest = md5.digest();
    if (wantedMd5 && !wantedMd5.equals(digest)) throw badDigest('Content-MD5');
    digests = { md5: digest, checksum: await checked(given, sum, trailer) };
  }

  return {
    sizeBytes,
    bytes: read(),
    digests() {
      if (!digests) throw new TypeError('the body has not been read to its end');
      return digests;
    },
  };
}

async function* plain(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, Readonly<Record<string, string>>> {
  yield* source;
  return {};
}

async function checked(
  given: ReturnType<typeof givenChecksum>,
  sum: ReturnType<typeof summing> | undefined,
  trailer: Readonly<Record<string, string>>,
): Promise<Checksum | null> {
  if (!given || !sum) return null;
  const { algorithm } = given;
  const name = `x-amz-checksum-${algorithm}`;
  const wanted = given.value ?? trailer[name];
  if (wanted === undefined) {
    throw refusal('MalformedTrailerError', `The trailer has no ${name}.`);
  }
  requireForm(algorithm, wanted);
  const value = (await sum.digest()).toString('base64');
  if (value !== wanted) throw badDigest(algorithm.toUpperCase());
  return { algorithm, value, type: 'FULL_OBJECT' };
}

function sizeOf({ headers }: Asked, isStreaming: boolean): number {
  const text = headers[isStreaming ? 'x-amz-decoded-content-length' : 'content-length'];
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text);
  const hasBody = headers['transfer-encoding'] !== undefined;
  if (text === undefined && !hasBody && !isStreaming) return 0;
  throw refusal('MissingContentLength', 'You must provide the Content-Length HTTP header.');
}

function md5Of({ headers }: Asked): Buffer | undefined {
  const text = headers['content-md5'];
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 16) return bytes;
  throw refusal('InvalidDigest', 'The Content-MD5 you specified was invalid.');
}

function incomplete() {
  return refusal(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  );
}

function badDigest(what: string) {
  return refusal('BadDigest', `The ${what} you specified did not match what we received.`);
}

/** The whole text of a body of at most `maxBytes`. */
export async function textOf({ sizeBytes, bytes }: Body, maxBytes: number): Promise<string> {
  if (sizeBytes > maxBytes) throw refusal('EntityTooLarge', `The body is over ${maxBytes} bytes.`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
