import { quoted, rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** The header of a .npy; `code` is the element type without its byte order, as `f8` or `U12`; for a type with several fields, `V` and its total size in bytes. */
export type NpyHeader = {
  readonly code: string;
  readonly shape: readonly number[];
  /** The offset of its elements. */
  readonly dataAt: number;
};

const MAX_HEADER_BYTES = 64 * 1024;
const ARRAY =
  /^\{ *'descr': (.+), *'fortran_order': (?:True|False), *'shape': \(((?:\d{1,15}, ?)*(?:\d{1,15})?)\),? *\} *\n?$/;
const SIMPLE = /^'[<>|=]?([a-zA-Z?]\d{0,9})'$/;
const FIELDS = /^\[(?:\('\w*', '[<>|=]?[a-zA-Z?]\d{0,9}'\)(?:, )?)+\]$/;
const FIELD = /'[<>|=]?([a-zA-Z?])(\d{0,9})'\)/g;

/** Fails with `ArtifactRejected` when the file is not a .npy of one simple type, or is shorter than its array. */
export async function readNpyHeader(source: ByteSource, file: string): Promise<NpyHeader> {
  const odd = () =>
    rejected(
      `${file} is not an array that numpy saved without pickle`,
      'Save the model again and upload the whole file.',
    );
  const head = Buffer.from(await source.read(0, 12));
  if (head.length < 12 || head.toString('latin1', 0, 6) !== '\x93NUMPY') throw odd();
  const isWide = (head[6] ?? 0) > 1;
  const start = isWide ? 12 : 10;
  const length = isWide ? head.readUInt32LE(8) : head.readUInt16LE(8);
  if (length > MAX_HEADER_BYTES) throw odd();
  const written = Buffer.from(await source.read(start, length)).toString('latin1');
  const [, type = '', dims = ''] = ARRAY.exec(written) ?? [];
  const code = codeOf(type);
  if (code === undefined) throw odd();
  if (code.startsWith('O')) {
    throw rejected(
      `${file} holds objects in a pickle, which a .npy of a model never does: ${quoted(written.trim())}`,
      'Save the model again with skops.io.dump.',
    );
  }
  return {
    code: code.replace('?', 'b1'),
    shape: dims.match(/\d+/g)?.map(Number) ?? [],
    dataAt: start + length,
  };
}

function codeOf(type: string): string | undefined {
  const simple = SIMPLE.exec(type)?.[1];
  if (simple || !FIELDS.test(type)) return simple;
  const fields = [...type.matchAll(FIELD)];
  if (fields.some(([, kind]) => kind === 'O')) return 'O';
  const bytes = fields.map(([, kind, digits]) => Number(digits || 1) * (kind === 'U' ? 4 : 1));
  return `V${bytes.reduce((sum, each) => sum + each, 0)}`;
}
