/** What names a model, a version and a revision, everywhere: keys, records, routes, events. */
export const MODEL_NAME = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;

export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name);
}

/** The one running copy of a model version; the value of `x-slipway-revision`. A repeated attempt adopts it. */
export function revisionName(model: string, version: number): string {
  return `${model}-v${version}`;
}
