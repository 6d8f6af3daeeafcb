import * as z from 'zod/mini';
import {
  beyond,
  type ColumnRange,
  MOST_RANGES,
  withMissing,
} from '#domain/artifact/column-range.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { type FlatTable, openFlatbuffer } from '#formats/bytes/flatbuffer.ts';
import type { Print } from '#formats/bytes/weight-print.ts';
import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { catboostCountsFault } from './counts.ts';
import { catboostPrint } from './print.ts';
import { catboostTreesFault } from './trees.ts';

/** The content of a CatBoost file. `texts` are the indices of its categorical and text columns. */
export type CatboostModel = {
  readonly version: string | null;
  readonly objective: string;
  readonly classes: readonly (string | number | boolean)[] | null;
  readonly columns: readonly string[];
  readonly texts: readonly number[];
  /** Where each column lay, by the borders of its splits. */
  readonly ranges: readonly ColumnRange[];
  readonly print: Print | undefined;
  readonly dimension: number;
  readonly trees: number;
  readonly leaves: number;
  readonly splits: number;
};

const RESAVE = "Save the model with save_model('model.cbm') and upload the whole file.";
const HEAD_BYTES = 8;
/** Missing values lie beyond a border of their own, at the least or the greatest number of 32 bits. */
const GREATEST = 3.4e38;
const MAX_COLUMNS = 100_000;

// The fields in the order of catboost/libs/model/flatbuffers/model.fbs and features.fbs.
const CORE = { trees: 1, info: 2, parts: 3 } as const;
const TREES = {
  ...({ dimension: 0, splits: 1, sizes: 2, categorical: 4, numbers: 5 } as const),
  ...({ leafValues: 8, texts: 12, embeddings: 18 } as const),
} as const;
const NUMBER = { hasMissing: 0, place: 2, borders: 3, name: 4, isText: false } as const;
const TEXT = { place: 1, name: 2, isText: true } as const;

const params = z.object({ loss_function: z.object({ type: z.string() }) });
const classParams = z.object({
  class_names: z.array(z.union([z.string(), z.number(), z.boolean()])),
});

/** Fails with `ArtifactRejected` when the file is truncated or damaged, or takes anything but numbers and text. */
export async function readCatboost(source: ByteSource, file: string): Promise<CatboostModel> {
  const head = Buffer.from(await source.read(0, HEAD_BYTES));
  if (head.length < HEAD_BYTES || head.toString('latin1', 0, 4) !== 'CBM1') {
    throw rejected(`${file} is not a CatBoost model: it does not begin with CBM1`, RESAVE);
  }
  const sizeBytes = head.readUInt32LE(4);
  if (HEAD_BYTES + sizeBytes > source.sizeBytes) {
    throw rejected(
      `${file} is truncated: it has ${source.sizeBytes} bytes of ${HEAD_BYTES + sizeBytes} or more`,
      RESAVE,
    );
  }
  const core = await openFlatbuffer(source, file, { start: HEAD_BYTES, sizeBytes });
  const trees = await core.table(CORE.trees);
  if (!trees) throw rejected(`${file} is not a complete CatBoost model: it has no trees`, RESAVE);

  const info = await infoOf(core);
  const dimension = Math.max(1, (await trees.number(TREES.dimension)) ?? 1);
  const { columns, texts, ranges } = await columnsOf(trees, file);
  const fault = await catboostTreesFault(trees, dimension);
  if (fault) throw rejected(`${file} is damaged: the list of its trees ${fault}`, RESAVE);
  const parts = { names: await core.texts(CORE.parts), start: HEAD_BYTES + sizeBytes };
  const miscount = await catboostCountsFault(source, file, { trees, parts });
  if (miscount) throw rejected(`${file} is damaged in its count tables: ${miscount}`, RESAVE);
  const objective = params.safeParse(json(info.get('params')));
  const classes = classParams.safeParse(json(info.get('class_params')));
  return {
    version: versionOf(info.get('catboost_version_info')),
    objective: objective.success ? objective.data.loss_function.type : '',
    classes:
      classes.success && classes.data.class_names.length > 0 ? classes.data.class_names : null,
    columns,
    texts,
    ranges,
    print: await catboostPrint(source, trees, dimension),
    dimension,
    trees: await trees.length(TREES.sizes),
    leaves: Math.floor((await trees.length(TREES.leafValues)) / dimension),
    splits: await trees.length(TREES.splits),
  };
}

async function infoOf(core: FlatTable): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>();
  for (const pair of await core.tables(CORE.info)) {
    known.set((await pair.text(0)) ?? '', (await pair.text(1)) ?? '');
  }
  return known;
}

async function columnsOf(trees: FlatTable, file: string) {
  const found = new Map<number, string>();
  const texts: number[] = [];
  const ranges: ColumnRange[] = [];
  for (const [field, kind] of [
    [TREES.numbers, NUMBER],
    [TREES.categorical, TEXT],
    [TREES.texts, TEXT],
  ] as const) {
    for (const feature of await trees.tables(field)) {
      const place = (await feature.number(kind.place)) ?? -1;
      if (place < 0 || place >= MAX_COLUMNS || found.has(place)) {
        throw rejected(`${file} is damaged: a feature of it has the place ${place}`, RESAVE);
      }
      found.set(place, (await feature.text(kind.name)) || String(place));
      if (kind.isText) texts.push(place);
      ranges[place] = kind.isText || place >= MOST_RANGES ? null : await rangeOf(feature);
    }
  }
  const columns = [...found].sort(([a], [b]) => a - b);
  const isWhole =
    columns.length > 0 &&
    columns.every(([place], index) => place === index) &&
    (await trees.length(TREES.embeddings)) === 0;
  if (isWhole)
    return { columns: columns.map(([, name]) => name), texts: texts.sort((a, b) => a - b), ranges };
  throw rejected(
    `${file} takes something else than numbers and texts, as an embedding`,
    `${BY_CODE[0]?.toUpperCase()}${BY_CODE.slice(1)}: it takes rows whose embedding is a list of numbers. Or train the model without embedding features.`,
  );
}

/** Where a column of numbers lay, by the borders between which the trees split it. A training that had missing values there has said so. */
async function rangeOf(feature: FlatTable): Promise<ColumnRange> {
  const hasMissing = ((await feature.byte(NUMBER.hasMissing)) ?? 0) !== 0;
  const borders = new Float32Array(Int32Array.from(await feature.numbers(NUMBER.borders)).buffer);
  const known = [...borders].filter((border) => Math.abs(border) < GREATEST);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return withMissing(beyond({ low, high }), hasMissing);
}

/** The release named in its build's version text. */
export function versionOf(text = ''): string | null {
  const [, version] = /(?:Branch: tags\/v|CatBoost release )(\d+(?:\.\d+)+)/i.exec(text) ?? [];
  return version ?? null;
}

function json(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
