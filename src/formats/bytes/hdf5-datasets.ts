import type { ByteSource } from '#ports/artifact-store.ts';
import {
  addressIn,
  broken,
  bytesAt,
  type Message,
  messagesOf,
  openHdf5,
  type Reading,
  rootAddress,
  untilNul,
} from './hdf5.ts';

/** The place of a dataset's numbers, and its path through the groups: "layers/dense/vars/0". */
export type Hdf5Dataset = {
  readonly path: string;
  readonly isFraction: boolean;
  readonly itemBytes: number;
  readonly start: number;
  readonly bytes: number;
};

const [DATATYPE, LAYOUT, GROUP] = [0x03, 0x08, 0x11];
const [FIXED_POINT, FRACTION] = [0, 1];
const CONTIGUOUS = { version: 3, class: 1 } as const;
const NODE_HEAD_BYTES = 24;
const ENTRIES_HEAD_BYTES = 8;
const ENTRY_BYTES = 40;
const MAX_OBJECTS = 2_000;
const MAX_NODES = 4_000;
const MAX_HEAP_BYTES = 2 ** 20;
const DEEPEST = 32;
const MAX_READ_BYTES = 32 * 2 ** 20;

type Entry = { readonly name: string; readonly header: number };
type Walk = { readonly reading: Reading; nodes: number };

/**
 * The datasets in an HDF5 file's groups whose numbers lie in one piece, as Keras writes them: groups with symbol tables, layouts of version 3.
 * `isWanted` chooses the groups and datasets by their paths. Fails with `ArtifactRejected` for a file in another form, or with more than 2,000 objects.
 */
export async function hdf5Datasets(
  source: ByteSource,
  file: string,
  isWanted: (path: string) => boolean,
): Promise<readonly Hdf5Dataset[]> {
  const reading = openHdf5(source, file, MAX_READ_BYTES);
  const walk: Walk = { reading, nodes: 0 };
  const found: Hdf5Dataset[] = [];
  const left = [{ path: '', header: await rootAddress(reading), depth: 0 }];
  let objects = 0;
  for (let object = left.pop(); object; object = left.pop()) {
    const { path, header, depth } = object;
    objects += 1;
    if (objects > MAX_OBJECTS) throw broken(file, `has more than ${MAX_OBJECTS} objects`);
    if (depth > DEEPEST) throw broken(file, `nests groups more than ${DEEPEST} deep`);
    const messages = await messagesOf(reading, header);
    const group = messages.find(({ type }) => type === GROUP);
    if (!group) {
      found.push(await datasetOf(reading, path, messages));
      continue;
    }
    for (const { name, header } of await entriesOf(walk, group)) {
      const below = path === '' ? name : `${path}/${name}`;
      if (isWanted(below)) left.push({ path: below, header, depth: depth + 1 });
    }
  }
  return found;
}

async function datasetOf(
  reading: Reading,
  path: string,
  messages: readonly Message[],
): Promise<Hdf5Dataset> {
  const [type, layout] = [DATATYPE, LAYOUT].map((kind) =>
    messages.find((message) => message.type === kind),
  );
  if (!type || !layout || type.bytes < 8 || layout.bytes < 18) {
    throw broken(reading.file, 'has an object that is no dataset in one piece');
  }
  const typed = await bytesAt(reading, type.start, 8);
  const placed = await bytesAt(reading, layout.start, 18);
  const kind = typed.readUInt8(0) & 15;
  const isPlain = kind === FIXED_POINT || kind === FRACTION;
  const isContiguous =
    placed.readUInt8(0) === CONTIGUOUS.version && placed.readUInt8(1) === CONTIGUOUS.class;
  if (!isPlain || !isContiguous) {
    throw broken(reading.file, 'has a dataset that is not numbers in one piece');
  }
  const bytes = addressIn(reading, placed, 10);
  // A dataset without numbers has no address.
  const start = bytes === 0 ? 0 : addressIn(reading, placed, 2);
  if (start + bytes > reading.sizeBytes) throw broken(reading.file, 'ends within a dataset');
  const isFraction = kind === FRACTION;
  return { path, isFraction, itemBytes: typed.readUInt32LE(4), start, bytes };
}

/** The objects in a group, by the leaves of its tree. */
async function entriesOf(walk: Walk, { start, bytes }: Message): Promise<readonly Entry[]> {
  const { reading } = walk;
  if (bytes < 16) throw broken(reading.file, 'has a group that is cut off');
  const group = await bytesAt(reading, start, 16);
  const heap = await heapOf(reading, addressIn(reading, group, 8));
  return entriesIn(walk, addressIn(reading, group, 0), heap, 0);
}

async function entriesIn(
  walk: Walk,
  at: number,
  heap: Buffer,
  depth: number,
): Promise<readonly Entry[]> {
  const { reading } = walk;
  walk.nodes += 1;
  if (walk.nodes > MAX_NODES || depth > DEEPEST) throw broken(reading.file, 'has too large a tree');
  const head = await bytesAt(reading, at, NODE_HEAD_BYTES);
  const sign = head.toString('latin1', 0, 4);
  if (sign === 'SNOD') return leafOf(reading, at, heap, head.readUInt16LE(6));
  if (sign !== 'TREE' || head.readUInt8(4) !== 0) {
    throw broken(reading.file, 'has no tree of a group where it says');
  }
  const used = head.readUInt16LE(6);
  const children = await bytesAt(reading, at + NODE_HEAD_BYTES, 16 * used);
  const found: Entry[] = [];
  for (let child = 0; child < used; child += 1) {
    // A key is before each child.
    const below = addressIn(reading, children, 16 * child + 8);
    found.push(...(await entriesIn(walk, below, heap, depth + 1)));
  }
  return found;
}

async function leafOf(
  reading: Reading,
  at: number,
  heap: Buffer,
  count: number,
): Promise<readonly Entry[]> {
  const entries = await bytesAt(reading, at + ENTRIES_HEAD_BYTES, ENTRY_BYTES * count);
  return Array.from({ length: count }, (_, index) => {
    const from = ENTRY_BYTES * index;
    const nameAt = addressIn(reading, entries, from);
    return {
      name: untilNul(heap.subarray(nameAt)),
      header: addressIn(reading, entries, from + 8),
    };
  });
}

/** The names of a group's objects. */
async function heapOf(reading: Reading, at: number): Promise<Buffer> {
  const head = await bytesAt(reading, at, 32);
  if (head.toString('latin1', 0, 4) !== 'HEAP') {
    throw broken(reading.file, 'has no names of a group where it says');
  }
  const bytes = addressIn(reading, head, 8);
  if (bytes > MAX_HEAP_BYTES) {
    throw broken(reading.file, `has names of ${bytes} bytes; the limit is ${MAX_HEAP_BYTES}`);
  }
  return bytesAt(reading, addressIn(reading, head, 24), bytes);
}
