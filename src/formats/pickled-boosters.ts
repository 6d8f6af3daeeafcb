import type { ByteSource } from '#ports/artifact-store.ts';
import { sourceOf, XGBOOST_MODEL } from './booster-check.ts';
import { readLightgbmTable } from './lightgbm.ts';
import { SAMPLE_BYTES } from './pickle-texts.ts';
import { readXgboostHead } from './xgboost-model.ts';

/** The columns of the table that a booster was trained on, and those of them which hold texts. */
export type BoosterTable = {
  readonly columns: readonly string[];
  readonly texts: readonly string[];
};

// In UBJSON a list of three small integers, and a number as a text behind its length.
const XGBOOST_VERSION = /version\[#L.{8}i(.)i(.)i(.)/s;
const XGBOOST_FEATURES = /num_featureSL.{8}(\d{1,9})/s;

// The release that its text of the build names.
const CATBOOST_VERSION = /(?:Branch: tags\/v|CatBoost release )(\d+(?:\.\d+)+)/i;

/** What the begin and the end of a model that a pickle holds say of it: exact, or null. `samples` have a character for each byte. */
export function xgboostVersion(samples: readonly string[]): string | null {
  const found = first(samples, XGBOOST_VERSION)?.slice(1);
  return found?.map((byte) => byte.charCodeAt(0)).join('.') ?? null;
}

export function xgboostFeatures(samples: readonly string[]): number | null {
  const found = first(samples, XGBOOST_FEATURES)?.[1];
  return found === undefined ? null : Number(found);
}

export function catboostVersion(samples: readonly string[]): string | null {
  return first(samples, CATBOOST_VERSION)?.[1] ?? null;
}

/** Of each booster that was trained on a table, as far as its sample tells. */
export async function boosterTables(samples: readonly string[]): Promise<readonly BoosterTable[]> {
  const found = await Promise.all(samples.map((sample) => tableOf(sample).catch(() => null)));
  return found.filter((table) => table !== null);
}

/** Its begin and its end, a character for each byte. */
export async function sampleOf(source: ByteSource): Promise<string> {
  const head = await source.read(0, SAMPLE_BYTES);
  const from = Math.max(head.length, source.sizeBytes - SAMPLE_BYTES);
  const tail = from < source.sizeBytes ? [await source.read(from, SAMPLE_BYTES)] : [];
  return Buffer.concat([head, ...tail]).toString('latin1');
}

async function tableOf(sample: string): Promise<BoosterTable | null> {
  if (sample.startsWith('tree')) return readLightgbmTable(sourceOf(sample), 'the model');
  const at = sample.indexOf(XGBOOST_MODEL);
  if (at < 0) return null;
  const source = sourceOf(sample.slice(at + XGBOOST_MODEL.length - 1));
  const { names, texts } = await readXgboostHead(source, 'the model');
  return names.length === xgboostFeatures([sample]) ? { columns: names, texts } : null;
}

function first(samples: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  return samples.map((sample) => pattern.exec(sample)).find((found) => found !== null);
}
