import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import type { Timers } from '#adapters/local/timers.ts';
import type { BodyRoom } from './body-room.ts';
import type { Cors } from './cors.ts';
import type { EndedRequest } from './ended-request.ts';
import type { InFlight } from './in-flight.ts';
import { answerPage } from './page.ts';
import { isOwnAddress, type Place, prefixOf, readPlace } from './place.ts';
import type { Ending } from './proxy.ts';
import { type Arrival, receive } from './receive.ts';
import * as refusals from './refusal.ts';
import { identify } from './request-id.ts';
import type { RoutingTable } from './routing-table.ts';
import { serve, type Visit } from './serve.ts';
import { type Terms, termsOf } from './terms.ts';
import type { UpstreamPools } from './upstream-pools.ts';

export type GatewayParts = {
  readonly revisions: RevisionHost;
  readonly upstreams: UpstreamPools;
  readonly inFlight: InFlight;
  /** Is told of every request when it is over. */
  readonly ended: (request: EndedRequest) => void;
  /** Prometheus' text. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly cors: Cors | undefined;
  readonly timers: Timers;
  readonly room: BodyRoom;
  table(): RoutingTable;
};

/** What of the request is known from its head: `standing` is the revision that stands for all with a share until one of them is chosen. */
type Known = { readonly place: Place; readonly standing: string; readonly terms: Terms };

/** How a request ended, and of which revision that is told. */
type Outcome = { readonly ending: Ending; readonly revision: string };

/** Answers one request: receives all of it, finds the revision whose turn it is then, has its process answer, and says why when it did not. */
export function gatewayHandler(parts: GatewayParts) {
  const { timers, cors, ended } = parts;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sinceMs = timers.nowMs();
    identify(request);
    if (cors?.(request, response)) return;
    const known = look(request, parts);
    if (answerOwn(parts, request, response, known)) return;
    if ('refusal' in known) {
      const { refusal, revision, model } = known;
      refusals.refuse(response, refusal, revision);
      return ended({ request, sinceMs, model, revision, status: refusal.status });
    }

    const gone = new AbortController();
    const leave = () => gone.abort();
    const arrival = { request, response, gone: gone.signal };
    const { socket } = request;
    socket.once('close', leave);
    const outcome = await answer(parts, arrival, known);
    socket.off('close', leave);

    const status = finish(arrival, outcome);
    const model = known.place.kind === 'model' ? known.place.name : undefined;
    ended({ request, sinceMs, model, revision: outcome.revision, status });
  };
}

/** What the gateway answers itself: pages for browsers, and its metrics. */
function answerOwn(
  { metrics }: GatewayParts,
  request: IncomingMessage,
  response: ServerResponse,
  known: Known | Refused,
): boolean {
  const place = 'place' in known ? known.place : undefined;
  if (request.method !== 'GET') return false;
  if (place || request.url !== '/metrics') return answerPage(request, response, place);
  metrics().then(
    ({ type, text }) => response.writeHead(200, { 'content-type': type }).end(text),
    (error: unknown) => refusals.refuse(response, refusals.gatewayFailed(error)),
  );
  return true;
}

type Refused = {
  readonly refusal: refusals.Refusal;
  readonly revision?: string;
  readonly model?: string;
};

function look(request: IncomingMessage, { revisions, table }: GatewayParts): Known | Refused {
  const unserved = unservedProtocol(request);
  if (unserved) return { refusal: unserved };
  const place = readPlace(request.url ?? '');
  const candidates = place ? revisionsAt(place, table()) : [];
  const standing = candidates.find((revision) => revisions.limits(revision)) ?? candidates[0];
  if (!place || standing === undefined) {
    return { refusal: refusals.nothingHere([...table().keys()].sort()) };
  }
  const terms = termsOf(revisions, standing);
  if (!terms) {
    const refusal = refusals.noRevision(place.kind, standing);
    return { refusal, revision: standing, ...(place.kind === 'model' && { model: place.name }) };
  }
  return { place, standing, terms };
}

/** Shares never mix targets with different limits, so any that has one stands for all. */
function revisionsAt({ kind, name }: Place, table: RoutingTable): readonly string[] {
  return kind === 'model' ? Object.keys(table.get(name)?.shares ?? {}) : [name];
}

/** The revision is chosen once all of the request is here: while a slow client sends, versions come and go. Never rejects. */
async function answer(parts: GatewayParts, arrival: Arrival, known: Known): Promise<Outcome> {
  const { place, standing, terms } = known;
  let revision = standing;
  let free = () => {};
  try {
    const body = await receive(parts, arrival, terms);
    if (body.kind !== 'whole') return { ending: body, revision };
    free = body.free;
    revision =
      place.kind === 'model' ? (parts.table().get(place.name)?.next() ?? standing) : standing;
    const { request, response, gone } = arrival;
    const visit = {
      request,
      response,
      gone,
      path: place.rest,
      // It costs each request a microsecond, and is asked for nowhere else.
      prefix: isOwnAddress(place) ? prefixOf(place) : undefined,
      revision,
      body: body.bytes,
    };
    const mine = revision === standing ? terms : termsOf(parts.revisions, revision);
    const ending = mine ? await serveCounted(parts, visit, mine) : missing(place, revision);
    return { ending, revision };
  } catch (error) {
    return { ending: afterThrow(error, arrival), revision };
  } finally {
    free();
  }
}

async function serveCounted(parts: GatewayParts, visit: Visit, terms: Terms): Promise<Ending> {
  parts.inFlight.begin(visit.revision);
  try {
    return await serve({ parts, visit, terms });
  } finally {
    parts.inFlight.end(visit.revision);
  }
}

function missing({ kind }: Place, revision: string): Ending {
  return { kind: 'refused', refusal: refusals.noRevision(kind, revision) };
}

/** Says what is left to say, and answers the status that counts: undefined when the client left before it got one. */
function finish({ response }: Arrival, { ending, revision }: Outcome): number | undefined {
  if (ending.kind === 'answered') return response.statusCode;
  const isBegun = response.headersSent;
  if (!('refusal' in ending)) return isBegun ? response.statusCode : undefined;
  // An answer that has begun cannot be taken back: cut short, its client sees that it is not whole.
  if (isBegun) response.destroy();
  else refusals.refuse(response, ending.refusal, revision);
  return ending.refusal.status;
}

function afterThrow(error: unknown, { gone }: Arrival): Ending {
  if (gone.aborted) return { kind: 'abandoned' };
  return { kind: 'refused', refusal: refusals.gatewayFailed(error) };
}

/** An upgrade that is offered is passed over, and the request answered as it is: RFC 9110 §7.8. */
function unservedProtocol({ headers }: IncomingMessage): refusals.Refusal | undefined {
  const { 'transfer-encoding': coding = 'chunked' } = headers;
  return coding.toLowerCase() === 'chunked' ? undefined : refusals.CODING_REFUSED;
}
