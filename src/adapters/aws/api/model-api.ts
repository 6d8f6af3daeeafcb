/** The API whose routes lead to the models. */
export type ModelApi = {
  readonly id: string;
  readonly stage: string;
  /** The id of its resource `/models`, the parent of each model's resource. */
  readonly modelsResource: string;
  readonly authorizer: string;
  /** Origins whose pages may call models; empty for none. */
  readonly corsOrigins: readonly string[];
};

/** The path under which clients reach a model. */
export function modelRoute(model: string): string {
  return `/models/${model}`;
}
