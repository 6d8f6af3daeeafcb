import { createHash } from 'node:crypto';

/** Follows the bytes of an object while they are uploaded. `end` returns a checksum as a stored object has it, and the sha256 of all bytes in hexadecimal. */
export type UploadChecksum = {
  readonly add: (chunk: Uint8Array) => void;
  readonly end: () => { readonly checksum: string; readonly sha256: string };
};

/**
 * The SHA-256 that S3 computes of an object which is uploaded in parts of `partBytes`, in base64: of its bytes if they fit one part. For more parts S3 has none of the whole object, but that of its parts' SHA-256, with `-` and their number.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function uploadChecksum(partBytes: number): UploadChecksum {
  const whole = createHash('sha256');
  const parts = [createHash('sha256')];
  let room = partBytes;

  return {
    add(chunk) {
      whole.update(chunk);
      for (let rest = chunk; rest.length > 0; ) {
        if (room === 0) {
          parts.push(createHash('sha256'));
          room = partBytes;
        }
        const taken = rest.subarray(0, room);
        parts.at(-1)?.update(taken);
        room -= taken.length;
        rest = rest.subarray(taken.length);
      }
    },
    end() {
      const digests = parts.map((part) => part.digest());
      const [only] = digests;
      const checksum =
        only && digests.length === 1
          ? only.toString('base64')
          : `${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-${digests.length}`;
      return { checksum: `sha256:${checksum}`, sha256: whole.digest('hex') };
    },
  };
}
