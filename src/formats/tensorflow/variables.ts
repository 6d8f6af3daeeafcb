import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { memorySource } from '#formats/bytes/memory-source.ts';
import { bytes, openWire, varint } from '#formats/bytes/protobuf-walk.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { readTable } from './sorted-table.ts';
import { type ElementType, elementsOf, TENSORFLOW_TYPES } from './tensor-types.ts';
import type { WrittenString } from './variable-names.ts';

/** A SavedModel's variables, without those of an optimizer and of metrics, and their totals. */
export type Variables = {
  readonly parameters: number;
  readonly bytes: number;
  readonly dtypes: readonly string[];
  readonly tensors: readonly Variable[];
  /** The list of the checkpoint, which has their full names; absent where the index names none. */
  readonly list?: WrittenString;
};

/** A variable, and the place of its numbers in one of the files of variables. */
export type Variable = {
  readonly name: string;
  readonly type: ElementType | undefined;
  readonly shape: readonly number[];
  readonly file: ArtifactFile;
  readonly start: number;
  readonly bytes: number;
};

// The fields of tensor_bundle.proto and tensor_shape.proto.
const ENTRY = {
  type: varint(1),
  shape: bytes(2),
  shard: varint(3),
  offset: varint(4),
  size: varint(5),
};
const SHAPE = { dim: bytes(2) };
const DIM = { size: varint(1) };
const LIMITS = { readBytes: 2 ** 20, messages: 1000, contentBytes: 0 };
const MAX_INDEX_BYTES = 16 * 2 ** 20;
const MAX_SHARDS = 10_000;
const STRING = 7;
// Keras 3 writes all variables a second time, as `_all_variables`. TensorFlow's own `save` keeps the weights of a trained model under its optimizer.
const NO_WEIGHT =
  /OPTIMIZER_SLOT|^(optimizer(?!\/_trainable_variables\/)|keras_api|save_counter|_all_variables|_CHECKPOINTABLE_OBJECT_GRAPH)(\/|$)/;
const OBJECT_GRAPH = '_CHECKPOINTABLE_OBJECT_GRAPH';
const RESAVE = 'Save the model again and upload the whole folder.';

type Entry = {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly number[];
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
};

/** Reads the index of a SavedModel's variables, and checks each against its file; undefined where there is no index. Fails with `ArtifactRejected`. */
export async function readVariables(
  files: readonly ArtifactFile[],
  root: string,
): Promise<Variables | undefined> {
  const name = within(root, 'variables/variables.index');
  const index = files.find((file) => file.name === name);
  if (!index) return undefined;
  if (index.sizeBytes > MAX_INDEX_BYTES) {
    throw rejected(`${name} is ${index.sizeBytes} bytes; the limit is ${MAX_INDEX_BYTES}`, RESAVE);
  }
  const whole = Buffer.from(await (await index.open()).read(0, index.sizeBytes));
  const [header, ...rest] = readTable(whole, name);
  const shards = header ? await shardsOf(header.value, name) : 0;
  const parts = partsOf(files, root, shards);
  const tensors: Variable[] = [];
  const dtypes = new Set<string>();
  let list: WrittenString | undefined;
  for (const { key, value } of rest) {
    const entry = await entryOf(value, key.toString('utf8'), name);
    const file = parts[entry.shard];
    refuseOutside(entry, file?.sizeBytes ?? -1, name);
    const { shape, offset, size } = entry;
    if (file && entry.name === OBJECT_GRAPH) list = { file, start: offset, bytes: size };
    if (!file || NO_WEIGHT.test(entry.name) || entry.type === STRING) continue;
    const type = TENSORFLOW_TYPES[entry.type];
    dtypes.add(type?.name ?? `type ${entry.type}`);
    tensors.push({ name: entry.name, type, shape, file, start: offset, bytes: size });
  }
  return {
    parameters: tensors.reduce((sum, { shape }) => sum + elementsOf(shape), 0),
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    dtypes: [...dtypes].sort(),
    tensors,
    ...(list && { list }),
  };
}

async function shardsOf(header: Buffer, file: string): Promise<number> {
  let shards = 0;
  const wire = openWire(memorySource(header), file, LIMITS);
  await wire.each(wire.root, {
    [varint(1)]: ({ value }) => {
      shards = value;
    },
  });
  if (shards >= 0 && shards <= MAX_SHARDS) return shards;
  throw rejected(`${file} says ${shards} files of variables; the limit is ${MAX_SHARDS}`, RESAVE);
}

/** The files of variables, undefined for one that is missing. */
function partsOf(
  files: readonly ArtifactFile[],
  root: string,
  shards: number,
): readonly (ArtifactFile | undefined)[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const padded = (number: number) => String(number).padStart(5, '0');
  return Array.from({ length: shards }, (_, shard) => {
    const name = `variables/variables.data-${padded(shard)}-of-${padded(shards)}`;
    return byName.get(within(root, name));
  });
}

async function entryOf(value: Buffer, name: string, file: string): Promise<Entry> {
  const shape: number[] = [];
  const entry = { type: 0, shard: 0, offset: 0, size: 0 };
  const wire = openWire(memorySource(value), file, LIMITS);
  const set = (key: keyof typeof entry) => (field: { readonly value: number }) => {
    entry[key] = field.value;
  };
  await wire.each(wire.root, {
    [ENTRY.type]: set('type'),
    [ENTRY.shard]: set('shard'),
    [ENTRY.offset]: set('offset'),
    [ENTRY.size]: set('size'),
    [ENTRY.shape]: (field) =>
      wire.each(field, {
        [SHAPE.dim]: async (dim) => {
          let size = 0;
          await wire.each(dim, {
            [DIM.size]: (each) => {
              size = each.value;
            },
          });
          shape.push(size);
        },
      }),
  });
  return { name, shape, ...entry };
}

function refuseOutside(entry: Entry, there: number, file: string): void {
  const { name, type, shape, shard, offset, size } = entry;
  if (there < 0) {
    throw rejected(
      `${file} has ${quoted(name)} in part ${shard} of its variables, which is not there`,
      'Upload the whole folder, with all of `variables/`.',
    );
  }
  const isInside = offset >= 0 && size >= 0 && offset + size <= there;
  const bits = TENSORFLOW_TYPES[type]?.bits ?? 0;
  const isWhole = bits === 0 || (elementsOf(shape) * bits) / 8 === size;
  if (isInside && isWhole && shape.every((dim) => dim >= 0)) return;
  throw rejected(
    `${file} is damaged: ${quoted(name)} of ${size} bytes does not lie in its file of ${there}, or is not of its shape`,
    RESAVE,
  );
}
