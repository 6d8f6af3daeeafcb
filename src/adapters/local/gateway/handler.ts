import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConsoleFiles } from '#adapters/console-files.ts';
import { leavingBy } from '#adapters/local/concurrency/leaving.ts';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { BodyRoom } from '#adapters/local/http/body-room.ts';
import type { RevisionHost } from '#adapters/local/revisions/invocation.ts';
import { hasRole, mayCall } from '#domain/api-key.ts';
import limits from '#domain/data/container-limits.json' with { type: 'json' };
import type { strangers } from './callers.ts';
import { type Cors, VARIES } from './cors.ts';
import type { EndedRequest } from './ended-request.ts';
import type { FrontOf } from './forwarded.ts';
import { answerHome } from './home.ts';
import type { InFlight } from './in-flight.ts';
import type { Lull } from './lull.ts';
import type { OuterCallers } from './outer-callers.ts';
import { answerPage } from './page.ts';
import { isOwnAddress, type Place, prefixOf, readPlace } from './place.ts';
import { PROBE_HEADER, removeFalseMark } from './probe-mark.ts';
import type { Ending } from './proxy.ts';
import { type Arrival, receive } from './receive.ts';
import * as refusals from './refusal.ts';
import { identify } from './request-id.ts';
import { answerRoot } from './root-answers.ts';
import { isNamedInBody, modelIn, placeNamedIn } from './root-paths.ts';
import type { RoutingTable } from './routing-table.ts';
import { type RoutedRequest, serve } from './serve.ts';
import { NOSNIFF } from './shared-origin.ts';
import { type Terms, termsOf } from './terms.ts';
import type { UpstreamPools } from './upstream-pools.ts';

export type GatewayParts = {
  readonly revisions: RevisionHost;
  readonly upstreams: UpstreamPools;
  readonly inFlight: InFlight;
  /** The same of clients alone. */
  readonly underWay: Pick<Lull, 'begin' | 'end'>;
  /** Called for every request when it has ended. */
  readonly ended: (request: EndedRequest) => void;
  /** Prometheus' text format; undefined for callers that may not read it. */
  readonly metrics?: (() => Promise<{ readonly type: string; readonly text: string }>) | undefined;
  /** Asks callers on other machines for a key; undefined where every user of this machine may call. */
  readonly callers?: OuterCallers;
  readonly cors: Cors;
  /** The files of the page that a browser gets of a model. */
  readonly pages: ConsoleFiles;
  /** The console's address on this machine; undefined before it has one. */
  readonly console: () => string | undefined;
  /** Refuses requests of pages that may not call models. */
  readonly stranger: ReturnType<typeof strangers>;
  readonly frontOf: FrontOf;
  readonly timers: Timers;
  readonly room: BodyRoom;
  /** The value of the mark of this Slipway's own probes. */
  readonly probeMark: string;
  table(): RoutingTable;
};

/** The decision by a request's headers: `standing` is the revision that represents all with a share until one is chosen. */
type Known = { readonly place: Place; readonly standing: string; readonly terms: Terms };

/** A request whose body names its model. */
type Unnamed = { readonly place: undefined; readonly terms: Terms };

/** How a request ended, and the model and revision to report. */
type Outcome = {
  readonly ending: Ending;
  readonly model: string | undefined;
  readonly revision: string | undefined;
};

/** Answers one request: receives the whole of it, then chooses the revision whose turn it is, and relays to its process, or says why it could not. */
export function gatewayHandler(parts: GatewayParts) {
  const { timers, cors, ended, probeMark } = parts;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sinceMs = timers.nowMs();
    identify(request);
    removeFalseMark(request, probeMark);
    if (cors(request, response)) return;
    const mine = partsFor(request, parts);
    const known = 'refusal' in mine ? mine : look(request, mine);
    const own = 'refusal' in mine ? parts : mine;
    if (answerOwn(own, request, response, known)) return;
    if ('refusal' in known) {
      const { refusal, revision, model } = known;
      refusals.refuse(response, refusal, revision);
      return ended({ request, sinceMs, model, revision, status: refusal.status });
    }

    const arrival = { request, response, gone: leavingBy(request.socket) };
    const outcome = await answer(own, arrival, known);
    const status = finish(arrival, outcome);
    ended({ request, sinceMs, model: outcome.model, revision: outcome.revision, status });
  };
}

/** The gateway's own answers: pages for browsers, the names of its models, and its metrics. */
function answerOwn(
  parts: GatewayParts,
  request: IncomingMessage,
  response: ServerResponse,
  known: Known | Unnamed | Refused,
): boolean {
  if ('isStranger' in known) return false;
  const { metrics, table, frontOf } = parts;
  const place = 'place' in known ? known.place : undefined;
  // Node sends only the head in answer to HEAD.
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  response.setHeader(...VARIES);
  if (place) return answerPage(request, response, place, { table: table(), files: parts.pages });
  if (answerHome(request, response, { table: table(), console: parts.console(), frontOf }))
    return true;
  if (answerRoot(request, response, parts)) return true;
  if (!metrics || !METRICS.test(request.url ?? '')) return false;
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

/** The gateway as the holder of a request's key sees it: the models of that key alone, and no test paths. */
function partsFor(request: IncomingMessage, parts: GatewayParts): GatewayParts | Refused {
  if (!parts.callers) return parts;
  const stranger = parts.stranger(request.headers);
  if (stranger) return { refusal: stranger, isStranger: true };
  const caller = callerOf(request, parts.callers);
  if ('refusal' in caller) return { ...caller, isStranger: true };
  const { key } = caller;
  if (!hasRole(key, 'call')) return { refusal: refusals.mayNotCall(key), isStranger: true };
  const place = placeOf(request);
  if (place?.kind === 'candidate') return { refusal: refusals.nothingHere([]), isStranger: true };
  if (place && !mayCall(key, place.name)) {
    return { refusal: refusals.notOfKey(place.name), isStranger: true };
  }
  if (key.models === 'all') return parts;
  const table = () => new Map([...parts.table()].filter(([name]) => mayCall(key, name)));
  return { ...parts, table, metrics: undefined };
}

/** Keys that cannot be read open nothing; the health check of the registry says why, and a stranger is not told. */
function callerOf(request: IncomingMessage, callers: OuterCallers): ReturnType<OuterCallers> {
  try {
    return callers(request);
  } catch {
    return { refusal: refusals.KEYS_UNREADABLE };
  }
}

function placeOf({ url = '' }: IncomingMessage): Place | undefined {
  return readPlace(url) ?? placeNamedIn(url);
}

function look(request: IncomingMessage, parts: GatewayParts): Known | Unnamed | Refused {
  const stranger = parts.stranger(request.headers);
  if (stranger) return { refusal: stranger, isStranger: true };
  const unserved = unservedProtocol(request);
  if (unserved) return { refusal: unserved };
  const url = request.url ?? '';
  if (isNamedInBody(request)) return { place: undefined, terms: UNNAMED };
  return lookAt(placeOf(request), url, parts);
}

// As long, and as much, as any request may take to arrive.
const UNNAMED: Terms = {
  limits: {
    maxRequestBytes: limits.requestMaxBytes,
    timeoutMs: limits.requestTimeoutSeconds * 1000,
  },
  mechanism: 'container',
};

function lookIn(body: Buffer | null, url: string, parts: GatewayParts): Known | Refused {
  const name = modelIn(body);
  if (name === undefined) return { refusal: refusals.NO_JSON };
  const names = [...parts.table().keys()].sort();
  if (name === null || !names.includes(name))
    return { refusal: refusals.noModelNamed(name, names) };
  return lookAt({ kind: 'model', name, rest: url }, url, parts);
}

function lookAt(
  place: Place | undefined,
  url: string,
  { revisions, table }: GatewayParts,
): Known | Refused {
  const candidates = place ? revisionsAt(place, table()) : [];
  const standing = candidates.find((revision) => revisions.limits(revision)) ?? candidates[0];
  if (!place || standing === undefined) {
    const asked = place?.name ?? askedName(url);
    return { refusal: refusals.nothingHere([...table().keys()].sort(), asked) };
  }
  const terms = termsOf(revisions, standing);
  if (!terms) {
    const refusal = refusals.noRevision(place.kind, standing);
    return { refusal, revision: standing, ...(place.kind === 'model' && { model: place.name }) };
  }
  return { place, standing, terms };
}

/** The name in a path, below /models or where that was left out, as it is written; empty if there is none. */
function askedName(url: string): string {
  return /^\/(?:models\/)?([^/?]{1,40})/.exec(url)?.[1] ?? '';
}

/** Targets with different limits never share traffic, so any revision with a share represents all. */
function revisionsAt({ kind, name }: Place, table: RoutingTable): readonly string[] {
  return kind === 'model' ? Object.keys(table.get(name)?.shares ?? {}) : [name];
}

/** Never rejects. */
async function answer(
  parts: GatewayParts,
  arrival: Arrival,
  known: Known | Unnamed,
): Promise<Outcome> {
  let found: Known | Refused | Unnamed = known;
  let free = () => {};
  try {
    const body = await receive(parts, arrival, known.terms);
    if (body.kind !== 'whole') return outcomeOf(found, body);
    free = body.free;
    const chosen = known.place ? known : lookIn(body.bytes, arrival.request.url ?? '', parts);
    found = chosen;
    if ('refusal' in chosen) return outcomeOf(chosen, { kind: 'refused', refusal: chosen.refusal });
    return await serveChosen(parts, arrival, chosen, body.bytes);
  } catch (error) {
    return outcomeOf(found, afterThrow(error, arrival));
  } finally {
    free();
  }
}

function outcomeOf(found: Known | Refused | Unnamed, ending: Ending): Outcome {
  if ('refusal' in found) return { ending, model: found.model, revision: found.revision };
  const { place } = found;
  if (!place) return { ending, model: undefined, revision: undefined };
  return { ending, model: modelOf(place), revision: found.standing };
}

function modelOf({ kind, name }: Place): string | undefined {
  return kind === 'model' ? name : undefined;
}

/** Chooses the revision only once the whole request has arrived: while a slow client sends, versions come and go. */
async function serveChosen(
  parts: GatewayParts,
  arrival: Arrival,
  { place, standing, terms }: Known,
  body: Buffer | null,
): Promise<Outcome> {
  const { request, response, gone } = arrival;
  const revision =
    place.kind === 'model' ? (parts.table().get(place.name)?.next() ?? standing) : standing;
  const routed = {
    request,
    response,
    gone,
    path: place.rest,
    // It costs a microsecond per request, and is only needed here.
    prefix: isOwnAddress(place) ? prefixOf(place) : undefined,
    revision,
    body,
  };
  const mine = revision === standing ? terms : termsOf(parts.revisions, revision);
  const ending = mine ? await serveCounted(parts, routed, mine) : missing(place, revision);
  return { ending, model: modelOf(place), revision };
}

/** Never rejects. */
async function serveCounted(
  parts: GatewayParts,
  routed: RoutedRequest,
  terms: Terms,
): Promise<Ending> {
  const isClient = !(PROBE_HEADER in routed.request.headers);
  parts.inFlight.begin(routed.revision);
  if (isClient) parts.underWay.begin();
  try {
    return await serve({ parts, routed, terms });
  } catch (error) {
    return afterThrow(error, routed);
  } finally {
    parts.inFlight.end(routed.revision);
    if (isClient) parts.underWay.end();
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
