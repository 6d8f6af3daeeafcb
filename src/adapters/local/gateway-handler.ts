import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GatewayMetrics } from './gateway-metrics.ts';
import { readPlace } from './gateway-place.ts';
import type { Ending } from './gateway-proxy.ts';
import * as refusals from './gateway-refusal.ts';
import { serve, type Visit } from './gateway-serve.ts';
import type { InFlight } from './in-flight.ts';
import type { RevisionHost } from './invocation.ts';
import type { RoutingTable } from './routing-table.ts';
import type { Timers } from './timers.ts';
import type { UpstreamPools } from './upstream-pools.ts';

export type GatewayParts = {
  readonly revisions: RevisionHost;
  readonly upstreams: UpstreamPools;
  readonly inFlight: InFlight;
  readonly counts: GatewayMetrics;
  readonly timers: Timers;
  table(): RoutingTable;
};

type Choice = Pick<Visit, 'place' | 'revision'>;

/** Answers one request: finds the revision whose turn it is, has its process answer, and says why when it did not. */
export function gatewayHandler(parts: GatewayParts) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const choice = choose(request, parts.table());
    if ('status' in choice) return refusals.refuse(response, choice);

    const gone = new AbortController();
    const leave = () => gone.abort();
    const visit = { ...choice, request, response, gone: gone.signal };
    const { socket } = request;
    socket.once('close', leave);
    parts.inFlight.begin(visit.revision);
    const ending = await serve(parts, visit).catch((error) => afterThrow(error, visit));
    parts.inFlight.end(visit.revision);
    socket.off('close', leave);

    const status = finish(visit, ending);
    const isCounted = visit.place.kind === 'model' && status !== undefined;
    if (isCounted) parts.counts.record(visit.revision, status);
  };
}

function choose(request: IncomingMessage, table: RoutingTable): Choice | refusals.Refusal {
  const unserved = unservedProtocol(request);
  if (unserved) return unserved;
  const place = readPlace(request.url ?? '');
  const revision = place?.kind === 'model' ? table.get(place.name)?.next() : place?.name;
  if (!place || revision === undefined) return refusals.nothingHere([...table.keys()].sort());
  return { place, revision };
}

/** Says what is left to say, and answers the status that counts: undefined when the client left before it got one. */
function finish({ response, revision }: Visit, ending: Ending): number | undefined {
  if (ending.kind === 'answered') return response.statusCode;
  const isBegun = response.headersSent;
  if (!('refusal' in ending)) return isBegun ? response.statusCode : undefined;
  // An answer that has begun cannot be taken back: cut short, its client sees that it is not whole.
  if (isBegun) response.destroy();
  else refusals.refuse(response, ending.refusal, revision);
  return ending.refusal.status;
}

function afterThrow(error: unknown, { gone }: Visit): Ending {
  if (gone.aborted) return { kind: 'abandoned' };
  return { kind: 'refused', refusal: refusals.gatewayFailed(error) };
}

/** Clients offer `h2c` unasked and go on without it; every other upgrade is all its client wants. */
function unservedProtocol({ headers }: IncomingMessage): refusals.Refusal | undefined {
  const { upgrade = 'h2c', 'transfer-encoding': coding = 'chunked' } = headers;
  if (upgrade.toLowerCase() !== 'h2c') return refusals.UPGRADE_REFUSED;
  return coding.toLowerCase() === 'chunked' ? undefined : refusals.CODING_REFUSED;
}
