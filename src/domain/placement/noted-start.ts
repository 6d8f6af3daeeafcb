import type { RuntimeName } from '#domain/build/runtime.ts';
import type { Target } from './target.ts';

/** The parts of a start that are known before it: the sizes (bytes) of the image's layers as they are pulled, and the seconds in which its server starts and reads the model. */
export type StartParts = { readonly layers: readonly number[]; readonly serverSeconds: number };

/** How many starts of a runtime are read, the newest: places and prices of time change. */
export const MOST_STARTS = 100;

/** A start that happened: from the order for a replica to a server that is ready, in seconds; on Lambda the start of the server alone. The registry keeps one for each deployment. `fromSpare`: the server itself had been started before, as one machine does. */
export type NotedStart = StartParts & {
  readonly target: Target;
  readonly runtime: RuntimeName;
  readonly deploymentId: string;
  readonly seconds: number;
  readonly atMs: number;
  readonly fromSpare?: true;
};
