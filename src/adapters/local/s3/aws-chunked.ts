import { createHash } from 'node:crypto';
import { refusal } from './refusal.ts';
import { hmac, isSame, type Signed, sha256 } from './signature.ts';

type Options = {
  /** The signature that the first chunk's follows; undefined where chunks are not signed. */
  readonly signed: Signed | undefined;
  readonly hasTrailer: boolean;
};

type Trailer = Readonly<Record<string, string>>;

const MOST_LINE_BYTES = 4096;
const MOST_TRAILERS = 8;
const EMPTY = createHash('sha256').digest('hex');
const HEAD = /^([0-9a-f]{1,16})$/i;
const SIGNED_HEAD = /^([0-9a-f]{1,16});chunk-signature=([0-9a-f]{64})$/i;

/**
 * The bytes in a body of the content coding `aws-chunked`; returns its trailer, by lower-case names.
 * A chunk's bytes come before its signature is checked, so nothing may be done with them for good before the end.
 * Fails with `IncompleteBody` where a chunk is cut off or is not framed as it should be, or something follows the last; with `SignatureDoesNotMatch`; and with `MalformedTrailerError`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export async function* awsChunks(
  source: AsyncIterable<Uint8Array>,
  { signed, hasTrailer }: Options,
): AsyncGenerator<Uint8Array, Trailer> {
  const reader = byteReader(source);
  let before = signed?.signature ?? '';
  try {
    for (;;) {
      const line = await reader.line();
      const [, digits, signature] = (signed ? SIGNED_HEAD : HEAD).exec(line) ?? [];
      if (digits === undefined) throw misframed();
      const size = Number.parseInt(digits, 16);
      const hash = createHash('sha256');
      for await (const bytes of reader.bytes(size)) {
        if (signed) hash.update(bytes);
        yield bytes;
      }
      if (signed) {
        requireSignature(signed, chunkText(signed, before, hash.digest('hex')), signature);
        before = signature ?? '';
      }
      if (size === 0) break;
      if ((await reader.line()) !== '') throw misframed();
    }
    const lines = await reader.lastLines();
    return hasTrailer ? readTrailer(lines, signed, before) : requireNone(lines);
  } finally {
    await reader.close();
  }
}

function chunkText({ longDate, scope }: Signed, before: string, hash: string): string {
  return ['AWS4-HMAC-SHA256-PAYLOAD', longDate, scope, before, EMPTY, hash].join('\n');
}

function requireSignature({ signingKey }: Signed, text: string, given: string | undefined): void {
  if (isSame(hmac(signingKey, text).toString('hex'), (given ?? '').toLowerCase())) return;
  throw refusal(
    'SignatureDoesNotMatch',
    'The signature of a chunk that we calculated does not match the one you provided.',
  );
}

function requireNone(lines: readonly string[]): Trailer {
  if (lines.length === 0) return {};
  throw misframed();
}

const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

function readTrailer(
  lines: readonly string[],
  signed: Signed | undefined,
  before: string,
): Trailer {
  const pairs = lines.map((line) => {
    const [, name = '', value = ''] = /^([\w-]+):(.*)$/.exec(line) ?? [];
    if (!name) throw malformed();
    return [name.toLowerCase(), value.trim()] as const;
  });
  const trailer = Object.fromEntries(pairs);
  if (Object.keys(trailer).length !== pairs.length) throw malformed();
  if (!signed) return trailer;
  const { [TRAILER_SIGNATURE]: signature, ...own } = trailer;
  const { longDate, scope } = signed;
  const text = Object.entries(own)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
    .join('');
  requireSignature(
    signed,
    ['AWS4-HMAC-SHA256-TRAILER', longDate, scope, before, sha256(text)].join('\n'),
    signature,
  );
  return own;
}

function misframed() {
  return refusal('IncompleteBody', 'The request body terminated unexpectedly');
}

function malformed() {
  return refusal(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  );
}

/** Reads lines and bytes from a source, in turn. */
function byteReader(source: AsyncIterable<Uint8Array>) {
  const chunks = source[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  let isOver = false;

  async function more(): Promise<boolean> {
    const { done, value } = await chunks.next();
    if (done) isOver = true;
    else rest = rest.length === 0 ? Buffer.from(value) : Buffer.concat([rest, value]);
    return !done;
  }

  async function line(): Promise<string> {
    for (;;) {
      const end = rest.indexOf('\r\n');
      if (end > MOST_LINE_BYTES || (end === -1 && rest.length > MOST_LINE_BYTES)) throw misframed();
      if (end !== -1) {
        const text = rest.toString('latin1', 0, end);
        rest = rest.subarray(end + 2);
        return text;
      }
      if (!(await more())) throw misframed();
    }
  }

  return {
    line,
    async *bytes(size: number): AsyncGenerator<Uint8Array> {
      for (let left = size; left > 0; ) {
        if (rest.length === 0 && !(await more())) throw misframed();
        const part = rest.subarray(0, left);
        rest = rest.subarray(part.length);
        left -= part.length;
        if (part.length > 0) yield part;
      }
    },
    /** All lines up to an empty one, after which nothing may follow. */
    async lastLines(): Promise<readonly string[]> {
      const lines: string[] = [];
      for (;;) {
        const text = await line();
        if (text === '') break;
        lines.push(text);
        if (lines.length > MOST_TRAILERS) throw malformed();
      }
      while (rest.length === 0 && !isOver) await more();
      if (rest.length > 0) throw misframed();
      return lines;
    },
    async close(): Promise<void> {
      await chunks.return?.();
    },
  };
}
