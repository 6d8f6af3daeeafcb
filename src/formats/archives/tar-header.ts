import { badArchive, textOf } from './names.ts';

export const BLOCK_BYTES = 512;

/** A tar's header block, which describes the entry that follows it. `name` has the file's raw bytes; `type` is the type letter. */
export type TarHeader = {
  readonly name: Uint8Array;
  readonly sizeBytes: number;
  readonly type: string;
};

const FIX = 'Create the archive again with `tar czf`, and upload the whole file.';
const CHECKSUM = { start: 148, end: 156 } as const;

/** Fails with `ArtifactRejected` unless every reader understands the block alike. `at` is its offset in the tar. */
export function readHeader(block: Uint8Array, archive: string, at: number): TarHeader {
  const damaged = (what: string) =>
    badArchive(archive, `is damaged at byte ${at} of its tar: ${what}`, FIX);
  const field = (start: number, length: number) => block.subarray(start, start + length);
  const number = (start: number, length: number, called: string): number => {
    const value = numberOf(field(start, length));
    if (value !== undefined) return value;
    throw damaged(`its ${called} is not a number`);
  };

  const sum = block.reduce(
    (total, byte, index) => total + (index >= CHECKSUM.start && index < CHECKSUM.end ? 0x20 : byte),
    0,
  );
  if (number(CHECKSUM.start, 8, 'checksum') !== sum) throw damaged('its checksum does not match');
  const format = textOf(field(257, 8), archive);
  const isPosix = format === 'ustar\x0000';
  if (!isPosix && format !== 'ustar  \0') {
    throw damaged('it is an unknown kind of tar');
  }
  const cut = (start: number, length: number): Uint8Array => {
    const bytes = untilNul(field(start, length));
    if (bytes) return bytes;
    throw damaged('its name continues after a NUL character');
  };
  // POSIX has the folder prefix in this field; GNU has times there, which some readers mistake for a folder.
  if (!isPosix && field(345, 155).some((byte) => byte !== 0)) {
    throw damaged('it has a GNU header where POSIX has a folder');
  }
  const folder = isPosix ? cut(345, 155) : new Uint8Array();
  const name = cut(0, 100);
  return {
    name: folder.length === 0 ? name : Buffer.concat([folder, Buffer.from('/'), name]),
    sizeBytes: number(124, 12, 'size'),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

/** Octal digits, or for larger numbers GNU's binary form: a marker bit, then the number. */
function numberOf(field: Uint8Array): number | undefined {
  if (field[0] === 0x80) {
    const value = Number(`0x${Buffer.from(field.subarray(1)).toString('hex')}`);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = Buffer.from(field).toString('latin1');
  const [, digits] = /^ *([0-7]*)[ \0]*$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number.parseInt(`0${digits}`, 8);
}

function untilNul(field: Uint8Array): Uint8Array | undefined {
  const end = field.indexOf(0);
  if (end < 0) return field;
  return field.subarray(end).every((byte) => byte === 0) ? field.subarray(0, end) : undefined;
}
