/** The statuses by which a model's server refuses a request for what it is; others say who asked, where, or how much. */
const REFUSALS: readonly number[] = [400, 413, 415, 422];

export function isRefusal(status: number): boolean {
  return REFUSALS.includes(status);
}
