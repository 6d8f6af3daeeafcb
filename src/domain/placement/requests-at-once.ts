import type { BuildPlan } from '#domain/deployment.ts';

/**
 * How many requests a server of each runtime is given at once where it answers them quickly: a count, 1 or more.
 * Both run the model for one request at a time and read and write others meanwhile, so a few keep them busy and more would only wait there,
 * where up to 100 may (runtimes/onnx/session.ts, runtimes/python/slipway_server/predictor.py), instead of in a queue that other servers share.
 */
export const REQUESTS_AT_ONCE = {
  onnx: 8,
  python: 8,
} as const satisfies Record<BuildPlan['runtime'], number>;
