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

function first(samples: readonly string[], pattern: RegExp): RegExpExecArray | undefined {
  return samples.map((sample) => pattern.exec(sample)).find((found) => found !== null);
}
