import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc32c, Crc64Nvme } from '@aws-sdk/checksums/crc';
import type { ObjectAbout } from '#adapters/local/bucket/object-versions.ts';
import { refusal } from './refusal.ts';
import type { Asked } from './request.ts';

export type Checksum = NonNullable<ObjectAbout['checksum']>;
export type Algorithm = Checksum['algorithm'];
export type ChecksumType = Checksum['type'];

/** A running checksum. */
export type Summing = { update(bytes: Uint8Array): void; digest(): Promise<Buffer> };

const PREFIX = 'x-amz-checksum-';
const PARTS = /-\d{1,5}$/;

/** The checksums that S3's clients send; the number of their bytes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
const LENGTHS: Readonly<Record<Algorithm, number>> = {
  crc32: 4,
  crc32c: 4,
  crc64nvme: 8,
  sha1: 20,
  sha256: 32,
};

export function summing(algorithm: Algorithm): Summing {
  switch (algorithm) {
    case 'crc32':
      return crc32Summing();
    case 'crc32c':
      return summingBy(new Crc32c());
    case 'crc64nvme':
      return summingBy(new Crc64Nvme());
    default: {
      const hash = createHash(algorithm);
      return { update: (bytes) => void hash.update(bytes), digest: async () => hash.digest() };
    }
  }
}

function crc32Summing(): Summing {
  let value = 0;
  return {
    update(bytes) {
      value = crc32(bytes, value);
    },
    async digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    },
  };
}

function summingBy(checksum: Crc32c | Crc64Nvme): Summing {
  return {
    update: (bytes) => checksum.update(bytes),
    digest: async () => Buffer.from(await checksum.digest()),
  };
}

/** The name of a checksum in a request or an answer, as `x-amz-checksum-crc32`. */
export function headerOf(algorithm: Algorithm): string {
  return `${PREFIX}${algorithm}`;
}

/** The name in XML, as `ChecksumCRC32`. */
export function elementOf(algorithm: Algorithm): string {
  return `Checksum${algorithm.toUpperCase()}`;
}

/** `CRC32` as S3 writes it, in either case. */
export function algorithmNamed(name: string): Algorithm {
  const lower = name.toLowerCase();
  const found = algorithms().find((algorithm) => algorithm === lower);
  if (found) return found;
  throw refusal('InvalidRequest', `Checksum algorithm provided is unsupported: ${name}.`);
}

function algorithms(): readonly Algorithm[] {
  return ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'];
}

/** The checksum that a request gives in its headers, or promises for its trailer (`value` null); undefined where there is neither. */
export function givenChecksum({
  headers,
}: Pick<Asked, 'headers'>):
  | { readonly algorithm: Algorithm; readonly value: string | null }
  | undefined {
  const names = Object.keys(headers).filter(
    (name) =>
      name.startsWith(PREFIX) && !['algorithm', 'type', 'mode'].includes(name.slice(PREFIX.length)),
  );
  const trailer = headers['x-amz-trailer'];
  if (names.length + (trailer === undefined ? 0 : 1) > 1) {
    throw refusal(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum types are not allowed.',
    );
  }
  const name = names[0] ?? trailer;
  if (name === undefined) return undefined;
  if (!name.startsWith(PREFIX)) {
    throw refusal(
      'InvalidRequest',
      'The value specified in the x-amz-trailer header is not supported',
    );
  }
  const algorithm = algorithmNamed(name.slice(PREFIX.length));
  const value = names[0] === undefined ? null : (headers[name] ?? '');
  if (value !== null) requireForm(algorithm, value);
  return { algorithm, value };
}

/** The checksum of the whole object that the end of an upload in parts gives; one that is made of the parts' checksums says how many they are. */
export function wholeChecksum({
  headers,
}: Pick<Asked, 'headers'>):
  | { readonly algorithm: Algorithm; readonly value: string; readonly type: ChecksumType }
  | undefined {
  const parted = Object.entries(headers).find(
    ([name, value]) => name.startsWith(PREFIX) && PARTS.test(value),
  );
  const own = parted ? { ...headers, [parted[0]]: parted[1].replace(PARTS, '') } : headers;
  const given = givenChecksum({ headers: own });
  if (!given || given.value === null) return undefined;
  const { algorithm, value } = given;
  const isComposite = parted !== undefined || headers[`${PREFIX}type`] === 'COMPOSITE';
  return {
    algorithm,
    value: parted?.[1] ?? value,
    type: isComposite ? 'COMPOSITE' : 'FULL_OBJECT',
  };
}

/** The headers without those of a checksum. */
export function withoutChecksum(headers: Asked['headers']): Asked['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(PREFIX)));
}

export function requireForm(algorithm: Algorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length === LENGTHS[algorithm] && bytes.toString('base64') === value) return;
  throw refusal('InvalidRequest', `Value for ${headerOf(algorithm)} header is invalid.`);
}

/** The type that `x-amz-checksum-type` asks for; by default the one that S3 takes for the algorithm in a multipart upload. */
export function typeOf(algorithm: Algorithm, asked: string | undefined): ChecksumType {
  const isSha = algorithm.startsWith('sha');
  const usual = algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE';
  const type = asked ?? usual;
  if (type !== 'FULL_OBJECT' && type !== 'COMPOSITE') {
    throw refusal('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
  }
  if ((isSha && type === 'FULL_OBJECT') || (algorithm === 'crc64nvme' && type === 'COMPOSITE')) {
    throw refusal(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    );
  }
  return type;
}

/** The checksum of all bytes of an object that were summed. */
export async function checksumOf(algorithm: Algorithm, sum: Summing): Promise<Checksum> {
  return { algorithm, value: (await sum.digest()).toString('base64'), type: 'FULL_OBJECT' };
}
