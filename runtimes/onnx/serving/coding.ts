import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { refusal } from '../refusal.ts';
import { worded } from '../worded.ts';

type Coding = 'gzip' | 'deflate';

const gunzip = promisify(zlib.gunzip);
const inflate = promisify(zlib.inflate);
const inflateRaw = promisify(zlib.inflateRaw);
const encode = {
  gzip: promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.gzip),
  deflate: promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflate),
};

// A smaller answer fits in one packet, and compressing it costs more than it saves.
const LEAST_BYTES = 1_024;

/** The encoding that `content-encoding` declares; undefined when the body is plain. Refuses with 415 anything but gzip and deflate. */
export function codingOf(declared: string | undefined): Coding | undefined {
  const codings = (declared ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim().replace(/^x-gzip$/, 'gzip'))
    .filter((coding) => coding !== '' && coding !== 'identity');
  const [coding, ...others] = codings;
  if (coding === undefined) return undefined;
  if (others.length === 0 && isCoding(coding)) return coding;
  // RFC 9110 §12.5.3: by this header a client learns which codings to try.
  throw refusal(415, `the body is encoded as "${declared}"; it takes gzip, deflate or none`, {
    acceptEncoding: 'gzip, deflate',
  });
}

/** The plain body. Refuses with 413 one that decompresses to more than `maxBytes`, and with 400 one that is not in its encoding. */
export async function decoded(
  body: Uint8Array,
  coding: Coding | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  if (coding === undefined) return body;
  const decode = coding === 'gzip' ? gunzip : isZlib(body) ? inflate : inflateRaw;
  try {
    return await decode(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw refusal(413, worded('unpackedTooLarge', maxBytes, maxBytes));
    }
    throw refusal(400, worded('codingUnreadable', coding));
  }
}

/** The body in an encoding that the client accepts, if that is worth it, and the headers that say so. */
export async function encoded(
  body: string | Uint8Array,
  accepted: string | undefined,
): Promise<{
  readonly body: string | Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}> {
  if (accepted === undefined || body.length < LEAST_BYTES) return { body, headers: {} };
  const vary = { vary: 'accept-encoding' };
  const coding = accepts(accepted);
  if (!coding) return { body, headers: vary };
  // The fastest level: on numbers, the others compress hardly better.
  const packed = await encode[coding](Buffer.from(body), { level: zlib.constants.Z_BEST_SPEED });
  return { body: packed, headers: { ...vary, 'content-encoding': coding } };
}

function accepts(accepted: string): Coding | undefined {
  const weights = weightsOf(accepted);
  const weigh = (coding: Coding) => weights.get(coding) ?? weights.get('*') ?? 0;
  const coding = weigh('deflate') > weigh('gzip') ? 'deflate' : 'gzip';
  return weigh(coding) > 0 ? coding : undefined;
}

/** The items of a list as in RFC 9110 §12.4, in lower case without parameters, with their weights from 0 (refused) to 1. */
export function weightsOf(list: string): ReadonlyMap<string, number> {
  return new Map(
    list
      .toLowerCase()
      .split(',')
      .map((item) => {
        const [name = '', ...parameters] = item.split(';').map((part) => part.trim());
        const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
        return [name, Number(weight) || 0] as const;
      }),
  );
}

function isCoding(coding: string): coding is Coding {
  return coding === 'gzip' || coding === 'deflate';
}

/** Some clients send deflate with zlib's wrapper, as HTTP specifies, and some without. */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}
