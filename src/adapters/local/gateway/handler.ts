import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import type { Timers } from '#adapters/local/timers.ts';
import type { BodyRoom } from './body-room.ts';
import type { strangers } from './callers.ts';
import type { Cors } from './cors.ts';
import type { EndedRequest } from './ended-request.ts';
import { answerHome } from './home.ts';
import type { InFlight } from './in-flight.ts';
import { answerPage } from './page.ts';
import { isOwnAddress, type Place, prefixOf, readPlace } from './place.ts';
import type { Ending } from './proxy.ts';
import { type Arrival, receive } from './receive.ts';
import * as refusals from './refusal.ts';
import { identify } from './request-id.ts';
import type { RoutingTable } from './routing-table.ts';
import { serve, type Visit } from './serve.ts';
import { NOSNIFF } from './shared-origin.ts';
import { type Terms, termsOf } from './terms.ts';
import type { UpstreamPools } from './upstream-pools.ts';

export type GatewayParts = {
  readonly revisions: RevisionHost;
  readonly upstreams: UpstreamPools;
  readonly inFlight: InFlight;
  /** Called for every request when it has ended. */
  readonly ended: (request: EndedRequest) => void;
  /** Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
  readonly cors: Cors | undefined;
  /** Refuses requests of pages that may not call models. */
  readonly stranger: ReturnType<typeof strangers>;
  readonly timers: Timers;
  readonly room: BodyRoom;
  table(): RoutingTable;
};

/** What a request's headers tell: `standing` is the revision that represents all with a share until one is chosen. */
type Known = { readonly place: Place; readonly standing: string; readonly terms: Terms };

/** How a request ended, and the revision to report. */
type Outcome = { readonly ending: Ending; readonly revision: string };

/** Answers one request: receives the whole of it, then chooses the revision whose turn it is, and relays to its process, or says why it could not. */
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

/** The gateway's own answers: pages for browsers, the names of its models, and its metrics. */
function answerOwn(
  { metrics, table }: GatewayParts,
  request: IncomingMessage,
  response: ServerResponse,
  known: Known | Refused,
): boolean {
  if ('isStranger' in known) return false;
  const place = 'place' in known ? known.place : undefined;
  // Of HEAD Node sends the head alone.
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  if (place) return answerPage(request, response, place);
  if (answerHome(request, response, table())) return true;
  if (!METRICS.test(request.url ?? '')) return false;
  metrics().then(
    ({ type, text }) => response.writeHead(200, { ...NOSNIFF, 'content-type': type }).end(text),
    (error: unknown) => refusals.refuse(response, refusals.gatewayFailed(error)),
  );
  return true;
}

const METRICS = /^\/metrics\/?(\?|$)/;

type Refused = {
  readonly refusal: refusals.Refusal;
  /** Is told nothing, also of the gateway itself. */
  readonly isStranger?: true;
  readonly revision?: string;
  readonly model?: string;
};

function look(request: IncomingMessage, parts: GatewayParts): Known | Refused {
  const { revisions, table } = parts;
  const stranger = parts.stranger(request.headers);
  if (stranger) return { refusal: stranger, isStranger: true };
  const unserved = unservedProtocol(request);
  if (unserved) return { refusal: unserved };
  const place = readPlace(request.url ?? '');
  const candidates = place ? revisionsAt(place, table()) : [];
  const standing = candidates.find((revision) => revisions.limits(revision)) ?? candidates[0];
  if (!place || standing === undefined) {
    return { refusal: refusals.nothingHere([...table().keys()].sort(), askedName(request.url)) };
  }
  const terms = termsOf(revisions, standing);
  if (!terms) {
    const refusal = refusals.noRevision(place.kind, standing);
    return { refusal, revision: standing, ...(place.kind === 'model' && { model: place.name }) };
  }
  return { place, standing, terms };
}

/** The name in a path, below /models or where that was left out, as it is written; empty if there is none. */
function askedName(url = ''): string {
  return /^\/(?:models\/)?([^/?]{1,40})/.exec(url)?.[1] ?? '';
}

/** Targets with different limits never share traffic, so any revision with a share represents all. */
function revisionsAt({ kind, name }: Place, table: RoutingTable): readonly string[] {
  return kind === 'model' ? Object.keys(table.get(name)?.shares ?? {}) : [name];
}

/** Chooses the revision only once the whole request has arrived: while a slow client sends, versions come and go. Never rejects. */
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
      // It costs a microsecond per request, and is only needed here.
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

/** Sends the rest of the answer and returns the status to count: undefined when the client left before it got one. */
function finish({ response }: Arrival, { ending, revision }: Outcome): number | undefined {
  if (ending.kind === 'answered') return response.statusCode;
  const isBegun = response.headersSent;
  if (!('refusal' in ending)) return isBegun ? response.statusCode : undefined;
  // An answer that has begun cannot be taken back; cutting the connection shows the client that it is incomplete.
  if (isBegun) response.destroy();
  else refusals.refuse(response, ending.refusal, revision);
  return ending.refusal.status;
}

function afterThrow(error: unknown, { gone }: Arrival): Ending {
  if (gone.aborted) return { kind: 'abandoned' };
  return { kind: 'refused', refusal: refusals.gatewayFailed(error) };
}

/** An offered protocol upgrade is ignored, and the request is answered as plain HTTP: RFC 9110 §7.8. */
function unservedProtocol({ headers, httpVersion }: IncomingMessage): refusals.Refusal | undefined {
  if (headers.host === undefined && httpVersion === '1.1') return refusals.HOST_MISSING;
  const { 'transfer-encoding': coding = 'chunked' } = headers;
  return coding.toLowerCase() === 'chunked' ? undefined : refusals.CODING_REFUSED;
}
