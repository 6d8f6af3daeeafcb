import type { ByteSource } from '#ports/artifact-store.ts';
import { inspectLightgbm, readLightgbmTable } from './lightgbm.ts';
import { SAMPLE_BYTES } from './pickle-texts.ts';
import { readXgboost, readXgboostHead } from './xgboost-model.ts';

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

const XGBOOST_MODEL = 'L\0\0\0\0\0\0\0\x05Model{';

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

/**
 * Reads those which are whole in their samples as they are read in files of their own: their libraries believe every number.
 * Fails with `ArtifactRejected`, and calls it `file`.
 */
export async function refuseLyingBoosters(samples: readonly string[], file: string): Promise<void> {
  for (const sample of samples.filter(({ length }) => length < 2 * SAMPLE_BYTES)) {
    const at = sample.indexOf(XGBOOST_MODEL);
    if (sample.startsWith('tree')) await inspectLightgbm(sourceOf(sample), file);
    else if (at >= 0) await readXgboost(sourceOf(xgboostIn(sample, at)), file, 'ubj');
  }
}

function xgboostIn(sample: string, at: number): string {
  return sample.slice(at + XGBOOST_MODEL.length - 1);
}

async function tableOf(sample: string): Promise<BoosterTable | null> {
  if (sample.startsWith('tree')) return readLightgbmTable(sourceOf(sample), 'the model');
  const at = sample.indexOf(XGBOOST_MODEL);
  if (at < 0) return null;
  const source = sourceOf(xgboostIn(sample, at));
  const { names, texts } = await readXgboostHead(source, 'the model');
  return names.length === xgboostFeatures([sample]) ? { columns: names, texts } : null;
}

function sourceOf(sample: string): ByteSource {
  const bytes = Buffer.from(sample, 'latin1');
  return {
    sizeBytes: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}

function first(samples: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  return samples.map((sample) => pattern.exec(sample)).find((found) => found !== null);
}
