import { createHash } from 'node:crypto';
import { type Algorithm, type Checksum, checksumOf, summing } from './checksums.ts';

/** The digests of bytes, known once all of them have been read. */
export type Digests = { readonly md5: Buffer; readonly checksum: Checksum | null };

export type Digested = {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Only after `bytes` has ended. */
  digests(): Digests;
};

/** Bytes that are digested on their way, with a checksum where an algorithm is given. */
export function digested(
  source: AsyncIterable<Uint8Array>,
  algorithm: Algorithm | undefined,
): Digested {
  const md5 = createHash('md5');
  const sum = algorithm && summing(algorithm);
  let digests: Digests | undefined;

  async function* passing(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      md5.update(chunk);
      sum?.update(chunk);
      yield chunk;
    }
    const checksum = algorithm && sum ? await checksumOf(algorithm, sum) : null;
    digests = { md5: md5.digest(), checksum };
  }

  return {
    bytes: passing(),
    digests() {
      if (!digests) throw new TypeError('the bytes have not been read to their end');
      return digests;
    },
  };
}
