const XGBOOST =
  'null and NaN alone: the file does not keep what XGBoost was given as `missing`; if that was another value, such as missing=-999, send null in its place, or upload the pickled XGBClassifier or XGBRegressor';

/** Which missing values a model of this format takes, where its file does not keep all that its framework was told; otherwise null. */
export function missingCaveat(format: string | null): string | null {
  return format === 'xgboost' ? XGBOOST : null;
}
