import { createHash } from 'node:crypto';
import { uploadChecksum } from '#operations/account/upload-checksum.ts';

const sha256 = (...bytes: readonly Uint8Array[]) =>
  createHash('sha256').update(Buffer.concat(bytes)).digest();

/** The checksum of an object that comes in these chunks and is uploaded in parts of four bytes. */
function sumOf(...chunks: readonly string[]) {
  const sum = uploadChecksum(4);
  for (const chunk of chunks) sum.add(Buffer.from(chunk));
  return sum.end();
}

describe('the SHA-256 of an object in S3', () => {
  it.each([
    ['no bytes', []],
    ['less than a part', ['ab', 'c']],
    ['exactly one part', ['a', 'bcd']],
  ])('is that of its bytes where it has %s', (_name, chunks) => {
    const whole = sha256(Buffer.from(chunks.join('')));

    expect(sumOf(...chunks)).toEqual({
      checksum: `sha256:${whole.toString('base64')}`,
      sha256: whole.toString('hex'),
    });
  });

  it.each([
    ['in one chunk', ['abcdefghij']],
    ['in chunks that end elsewhere than parts', ['a', 'bcdef', 'gh', 'ij']],
  ])('is that of its parts where it has several, and comes %s', (_name, chunks) => {
    const parts = ['abcd', 'efgh', 'ij'].map((part) => sha256(Buffer.from(part)));

    expect(sumOf(...chunks)).toEqual({
      checksum: `sha256:${sha256(...parts).toString('base64')}-3`,
      sha256: sha256(Buffer.from('abcdefghij')).toString('hex'),
    });
  });

  it('counts no part more where the last one is full', () => {
    expect(sumOf('abcdefgh').checksum).toMatch(/-2$/);
  });
});
