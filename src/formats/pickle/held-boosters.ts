import type { ColumnRange } from '#domain/artifact/column-range.ts';
import type { Print } from '#formats/bytes/weight-print.ts';
import { readCatboost, versionOf } from '#formats/catboost/model.ts';
import { readLightgbm } from '#formats/lightgbm/inspect.ts';
import { readXgboost } from '#formats/xgboost/model.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { KEPT_BYTES } from './forward-source.ts';

/** The columns of the table that a booster was trained on, and which of them hold text. */
export type BoosterTable = {
  readonly columns: readonly string[];
  readonly texts: readonly string[];
};

export type Library = 'xgboost' | 'lightgbm' | 'catboost';

/** An XGBoost, LightGBM or CatBoost model kept as a string or bytes within another format. */
export type HeldBooster = {
  readonly library: Library;
  /** The version of the library that wrote it, if recorded. */
  readonly version: string | null;
  readonly features: number | null;
  /** Null when its columns have no names. */
  readonly table: BoosterTable | null;
  /** Where its columns lay, where its reader finds that. */
  readonly ranges?: readonly ColumnRange[];
  /** The print of its trees, where its reader makes one. */
  readonly print?: Print;
};

/** Classes that pass one of their attributes to a C++ library, which trusts its content. */
export const HOLDERS: Readonly<Record<string, Library>> = {
  'xgboost.core.Booster': 'xgboost',
  'lightgbm.basic.Booster': 'lightgbm',
  'catboost.core.CatBoost': 'catboost',
  'catboost.core.CatBoostClassifier': 'catboost',
  'catboost.core.CatBoostRanker': 'catboost',
  'catboost.core.CatBoostRegressor': 'catboost',
};
export const HANDLES: readonly string[] = ['handle', '_handle', '__model'];

/** The number of bytes that show whether it may be a model. */
export const BOOSTER_HEAD_BYTES = 5;
const SAMPLE_BYTES = 2 ** 20;

/** The library that would accept content with this beginning as its own model; a character per byte. */
export function boosterBegins(head: string): Library | undefined {
  if (/^\{["#$iUIlL]/.test(head)) return 'xgboost';
  if (/^tree\r?\n/.test(head)) return 'lightgbm';
  return head.startsWith('CBM1') ? 'catboost' : undefined;
}

/** Reads the whole model as its library does. Fails with `ArtifactRejected` when it is damaged. */
export async function readBooster(
  source: ByteSource,
  file: string,
  library: Library,
): Promise<HeldBooster> {
  if (library === 'xgboost') return heldXgboost(source, file);
  if (library === 'lightgbm') return heldLightgbm(source, file);
  return { library, features: null, table: null, ...(await heldCatboost(source, file)) };
}

async function heldXgboost(source: ByteSource, file: string): Promise<HeldBooster> {
  const [, second] = await source.read(0, 2);
  const format = second === QUOTE ? 'json' : 'ubj';
  const { version, features, names, texts, print, ranges } = await readXgboost(source, file, {
    format,
    isHeld: true,
  });
  return {
    library: 'xgboost',
    version: version.length === 3 ? version.join('.') : null,
    features: features > 0 ? features : null,
    table: names.length > 0 && names.length === features ? { columns: names, texts } : null,
    ...(print && { print }),
    ...(ranges && { ranges }),
  };
}

const QUOTE = 0x22;

async function heldLightgbm(source: ByteSource, file: string): Promise<HeldBooster> {
  const { columns, texts, isNamed, ranges, print } = await readLightgbm(source, file);
  return {
    library: 'lightgbm',
    version: null,
    features: columns.length,
    table: isNamed ? { columns, texts: [...texts] } : null,
    ranges,
    ...(print && { print }),
  };
}

/** A CatBoost file needs random access; for one too large to buffer, only its beginning and end are read. */
async function heldCatboost(
  source: ByteSource,
  file: string,
): Promise<Pick<HeldBooster, 'version' | 'ranges' | 'print'>> {
  if (source.sizeBytes <= KEPT_BYTES) {
    const { version, ranges, print } = await readCatboost(source, file);
    return { version, ranges, ...(print && { print }) };
  }
  const head = await source.read(0, SAMPLE_BYTES);
  const tail = await source.read(source.sizeBytes - SAMPLE_BYTES, SAMPLE_BYTES);
  return { version: versionOf(Buffer.concat([head, tail]).toString('latin1')) };
}
