import type { Span } from '#formats/bytes/byte-window.ts';
import { type FlatTable, openFlatbuffer } from '#formats/bytes/flatbuffer.ts';
import { pagedSource } from '#formats/bytes/paged-source.ts';
import type { TreeFault } from '#formats/trees/tree-shape.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

/** The parts of the file after the trees: their names, in order, and where the first begins. */
type Parts = { readonly names: readonly string[]; readonly start: number };

type Counts = { readonly kind: number; readonly classes: number };

const COUNTS = 'static_provider_v1';
const SIZE_BYTES = 4;

// The fields in the order of catboost/libs/model/flatbuffers/ctr_data.fbs.
const TABLE = { base: 0, buckets: 1, values: 2, classes: 4 } as const;
const BASE = { features: 0, kind: 1, borders: 2 } as const;
const COUNTED_FEATURES = 7;
const [BORDERS, BUCKETS, KINDS] = [0, 1, 6];
const MEANS: readonly number[] = [2, 3];

// An 8-byte hash, all ones in an empty bucket, and the index of its value.
const BUCKET_BYTES = 12;
const BUCKETS_AT_ONCE = 2 ** 16;
const NONE = 0xffff_ffff;

/** The fault in a CatBoost file's CTR tables (statistics of categorical features), whose lengths CatBoost does not check; undefined when they are sound. */
export async function catboostCountsFault(
  source: ByteSource,
  file: string,
  { trees, parts }: { readonly trees: FlatTable; readonly parts: Parts },
): Promise<TreeFault> {
  if (!parts.names.includes(COUNTS)) return undefined;
  if (parts.names.lastIndexOf(COUNTS) !== 0)
    return 'there are more, or they are not the first part';
  const known = new Map<string, Counts>();
  const paged = pagedSource(source);
  const size = async (at: number) => Buffer.from(await paged.read(at, SIZE_BYTES));
  const total = await size(parts.start);
  if (total.length < SIZE_BYTES) return 'the number is missing';
  let at = parts.start + SIZE_BYTES;
  for (let left = total.readUInt32LE(); left > 0; left -= 1) {
    const written = await size(at);
    const start = at + SIZE_BYTES;
    const sizeBytes = written.length < SIZE_BYTES ? NONE : written.readUInt32LE();
    at = start + sizeBytes;
    if (at > source.sizeBytes) return `${left} are missing`;
    const table = await openFlatbuffer(paged, file, { start, sizeBytes });
    const fault = await tableFault(source, table, known);
    if (fault) return fault;
  }
  return featuresFault(trees, known);
}

async function tableFault(
  source: ByteSource,
  table: FlatTable,
  known: Map<string, Counts>,
): Promise<TreeFault> {
  const base = await table.table(TABLE.base);
  const key = await keyOf(base);
  if (key === undefined || known.has(key)) return 'one is of nothing, or two are of the same';
  const kind = (await base?.byte(BASE.kind)) ?? BORDERS;
  const classes = (await table.number(TABLE.classes)) ?? 0;
  if (kind >= KINDS || (kind === BUCKETS && classes < 1)) {
    return `one is of the kind ${kind} with ${classes} classes`;
  }
  known.set(key, { kind, classes });
  const [buckets, values] = [await table.span(TABLE.buckets), await table.span(TABLE.values)];
  if (!buckets || !values) return 'one is empty';
  const places = Math.floor((values.end - values.start) / bytesOfValue({ kind, classes }));
  return bucketsFault(source, buckets, places);
}

/** A key for the counted features and the way of counting; undefined when nothing is counted. */
async function keyOf(base: FlatTable | undefined): Promise<string | undefined> {
  const features = await base?.table(BASE.features);
  if (!base || !features) return undefined;
  const lists = [
    await features.numbers(0),
    await features.numbers(1, 2),
    await features.numbers(2, 2),
  ];
  return JSON.stringify([
    lists,
    (await base.byte(BASE.kind)) ?? 0,
    (await base.number(BASE.borders)) ?? 0,
  ]);
}

function bytesOfValue({ kind, classes }: Counts): number {
  if (kind === BUCKETS) return 4 * classes;
  if (kind === BORDERS) return 4 * Math.max(2, classes);
  return MEANS.includes(kind) ? 8 : 4;
}

/** CatBoost probes from a category's bucket to the next empty one: without an empty bucket it would never stop. */
async function bucketsFault(
  source: ByteSource,
  { start, end }: Span,
  places: number,
): Promise<TreeFault> {
  const buckets = (end - start) / BUCKET_BYTES;
  if (!Number.isInteger(Math.log2(buckets)))
    return `one has ${buckets} buckets, which is not a power of 2`;
  let empty = 0;
  const step = BUCKETS_AT_ONCE * BUCKET_BYTES;
  for (let from = start; from < end; from += step) {
    const bytes = Buffer.from(await source.read(from, Math.min(step, end - from)));
    for (let at = 0; at + BUCKET_BYTES <= bytes.length; at += BUCKET_BYTES) {
      const isEmpty = bytes.readUInt32LE(at) === NONE && bytes.readUInt32LE(at + 4) === NONE;
      const place = bytes.readUInt32LE(at + 8);
      if (isEmpty) empty += 1;
      else if (place >= places) return `one names the value ${place} of ${places}`;
    }
  }
  return empty > 0 ? undefined : 'one has no empty bucket';
}

/** Each CTR feature of the trees must name a table that exists, and a target class within it. */
async function featuresFault(
  trees: FlatTable,
  known: ReadonlyMap<string, Counts>,
): Promise<TreeFault> {
  for (const feature of await trees.tables(COUNTED_FEATURES)) {
    const count = await feature.table(0);
    const found = known.get((await keyOf(await count?.table(0))) ?? '');
    if (!found) return 'one is missing that the trees ask for';
    const border = (await count?.number(1)) ?? 0;
    const isTaken = found.kind === BUCKETS || (found.kind === BORDERS && found.classes > 2);
    if (isTaken && !(border >= 0 && border < found.classes)) {
      return `the trees ask for the class ${border} of ${found.classes}`;
    }
  }
  return undefined;
}
