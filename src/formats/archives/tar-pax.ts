import { badArchive, textOf } from './names.ts';

const FIX = 'Create the archive again with `tar czf`, from files which are not sparse.';

/** The fields that a tar's extended header overrides for the next entry. */
export type PaxRecords = { readonly path?: string; readonly sizeBytes?: number };

// An entry's type and the place of its bytes must not depend on whether a reader knows a record.
const REFUSED = /^(GNU\.sparse\.|linkpath$|hdrcharset$|SCHILY\.(realsize|filetype)$)/;

/** Fails with `ArtifactRejected` unless the records are well-formed, each key occurs once, and no record turns the entry into another file. */
export function paxRecords(bytes: Uint8Array, archive: string): PaxRecords {
  const known = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const { key, value, end } = recordAt(bytes, at, archive);
    if (known.has(key)) throw odd(archive, `gives ${key} twice`);
    if (REFUSED.test(key)) throw odd(archive, `has ${key}`);
    known.set(key, value);
    at = end;
  }
  const [path, size] = ['path', 'size'].map((key) => {
    const value = known.get(key);
    return value && textOf(value, archive);
  });
  if (size !== undefined && !/^(0|[1-9]\d{0,14})$/.test(size)) throw odd(archive, 'has no size');
  return {
    ...(path !== undefined && { path }),
    ...(size !== undefined && { sizeBytes: Number(size) }),
  };
}

/** A record is `<its length> <key>=<value>\n`. */
function recordAt(bytes: Uint8Array, at: number, archive: string) {
  const head = Buffer.from(bytes.subarray(at, at + 8)).toString('latin1');
  const [written = '', digits = ''] = /^([1-9]\d*) /.exec(head) ?? [];
  const end = at + Number(digits);
  const start = at + written.length;
  const equals = bytes.indexOf(0x3d, start);
  const isRecord =
    written !== '' && end <= bytes.length && bytes[end - 1] === 0x0a && equals > start;
  if (!isRecord || equals >= end - 1) throw odd(archive, 'is damaged');
  return {
    key: textOf(bytes.subarray(start, equals), archive),
    value: bytes.subarray(equals + 1, end - 1),
    end,
  };
}

function odd(archive: string, what: string) {
  return badArchive(archive, `has an extended header which ${what}`, FIX);
}
