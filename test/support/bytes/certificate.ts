import { generateKeyPairSync, sign } from 'node:crypto';

const [INTEGER, BITS, OCTETS, OID, TEXT, SEQUENCE, SET] = [2, 3, 4, 6, 12, 48, 49];
const [SHORT_TIME, TIME] = [23, 24];
// 1.2.840.10045.4.3.2, ecdsa-with-SHA256; 2.5.4.3, a common name; 2.5.29.17, other names of the subject.
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x55, 0x04, 0x03];
const OTHER_NAMES = [0x55, 0x1d, 0x11];
const IP_ADDRESS = 0x87;
const FIELD = 0xa0;

/** A certificate for 127.0.0.1, signed by its own key, valid from 2020 to the begin of `untilYear`, with that key; both in PEM. */
export function localCertificate(untilYear = 2120): {
  readonly key: string;
  readonly cert: string;
} {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(SEQUENCE, der(OID, ECDSA_WITH_SHA256));
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OID, COMMON_NAME), der(TEXT, Buffer.from('test')))),
  );
  const address = der(SEQUENCE, der(IP_ADDRESS, [127, 0, 0, 1]));
  const extension = der(SEQUENCE, der(OID, OTHER_NAMES), der(OCTETS, address));
  const body = der(
    SEQUENCE,
    der(FIELD, der(INTEGER, [2])),
    der(INTEGER, [1]),
    algorithm,
    name,
    der(SEQUENCE, beginOf(2020), beginOf(untilYear)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(FIELD + 3, der(SEQUENCE, extension)),
  );
  const signature = sign('sha256', body, privateKey);
  const whole = der(SEQUENCE, body, algorithm, der(BITS, [0], signature));
  return {
    key: String(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}

/** A year before 2050 has two digits, and browsers take no other form (RFC 5280 §4.1.2.5). */
function beginOf(year: number): Buffer {
  const rest = '0101000000Z';
  return year < 2050 ? der(SHORT_TIME, `${year % 100}${rest}`) : der(TIME, `${year}${rest}`);
}

/** One value in DER, whose content is these parts. Its length has as few bytes as possible. */
function der(tag: number, ...parts: readonly (string | readonly number[] | Uint8Array)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)));
  const { length } = content;
  const bytes = length < 0x1_00 ? [length] : [length >> 8, length & 0xff];
  const size = length < 0x80 ? bytes : [0x80 + bytes.length, ...bytes];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
