import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

/** The requests that reach a model's server and wait there for the test to answer them. */
export type Arrivals = {
  readonly listener: RequestListener;
  /** The responses still to be answered, oldest first. */
  readonly responses: readonly ServerResponse[];
  /** The request that arrives next, and its response. */
  next(): Promise<readonly [IncomingMessage, ServerResponse]>;
};

export function openArrivals(): Arrivals {
  const arrivals = new EventEmitter();
  const responses: ServerResponse[] = [];
  return {
    listener(request, response) {
      responses.push(response);
      arrivals.emit('arrival', request, response);
    },
    responses,
    async next() {
      const [request, response] = await once(arrivals, 'arrival');
      return [request, response];
    },
  };
}
