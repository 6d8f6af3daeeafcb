import type { IncomingMessage } from 'node:http';
import type { strangers } from '#adapters/local/gateway/callers.ts';
import { protocolOf } from '#adapters/local/gateway/forwarded.ts';
import type { OuterCallers } from '#adapters/local/gateway/outer-callers.ts';
import { KEYS_UNREADABLE, type Refusal } from '#adapters/local/gateway/refusal.ts';
import { controlHandler } from '#control/handler.ts';
import { jsonResponse } from '#control/json-response.ts';
import type { Control, Operations } from '#control/operation.ts';
import type { After } from '#control/streams.ts';
import type { ApiKey } from '#domain/api-key.ts';
import type { Person } from '#domain/grant.ts';
import type { Answering } from './control-api.ts';
import type { People, Session } from './people.ts';
import { bearerIn, type SignIn } from './sign-in.ts';

/** The console for people who sign in at an identity provider. */
export type ConsoleOfPeople<Table extends Operations> = {
  /** Answers for its page and its files, which hold no secret. */
  readonly site: (request: Request) => Response | undefined;
  readonly signIn: SignIn;
  /** Its origin: no page of another one uses what a person may do. */
  readonly origin: string;
  readonly find: People['find'];
  readonly granted: (person: Person, raw: IncomingMessage) => Control<Table>;
  readonly addressOf: (raw: IncomingMessage) => string | null;
};

type Options<Table extends Operations> = {
  readonly table: Table;
  /** The operations as the holder of this key may use them. */
  readonly granted: (key: ApiKey, raw: IncomingMessage) => Control<Table>;
  readonly callers: OuterCallers;
  /** Refuses pages in a browser, and names that are not this machine's. */
  readonly stranger: ReturnType<typeof strangers>;
  /** Whether an address is this machine's, or a proxy's that hands on what came by TLS. */
  readonly isTrusted: (address: string) => boolean;
  readonly after: After;
  readonly console?: ConsoleOfPeople<Table> | undefined;
};

const NO_TLS: Refusal = {
  status: 403,
  error: 'the control API is answered by TLS alone: a key in plain HTTP can be read on its way',
  fix: 'call it by https; start Slipway with --tls-cert and --tls-key, or name the proxy in front by --trusted-proxy',
};

const OTHER_PAGE: Refusal = {
  status: 403,
  error: 'a page of another origin may not use what somebody has signed in for',
};

/** The control API for other machines: each request has a key, which says what it may do, or is of somebody who has signed in. */
export function remoteControl<Table extends Operations>({
  table,
  granted,
  callers,
  stranger,
  isTrusted,
  after,
  console,
}: Options<Table>): Answering {
  const answerWith = (operations: Control<Table>, request: Request) =>
    controlHandler({
      table,
      operations,
      guard: () => undefined,
      after,
      // Here it is the caller who lacks a right.
      statuses: { PlatformDenied: 403 },
    })(request);

  return async (request, raw) => {
    const refusal = refusalOf(raw);
    if (refusal) return refused(refusal);
    if (console) {
      const answer =
        console.site(request) ?? (await console.signIn(request, console.addressOf(raw)));
      if (answer) return answer;
      const session = console.find(bearerIn(request));
      if (session) {
        if (!isOfOrigin(console.origin, raw)) return refused(OTHER_PAGE);
        return answerWith(console.granted(session.person, raw), within(session, request));
      }
    }
    const caller = callerOf(raw);
    if ('refusal' in caller) return refused(caller.refusal);
    return answerWith(granted(caller.key, raw), request);
  };

  function refusalOf({ socket, headers }: IncomingMessage): Refusal | undefined {
    const isPrivate = protocolOf(socket) === 'https' || isTrusted(socket.remoteAddress ?? '');
    return isPrivate ? stranger(headers) : NO_TLS;
  }

  function callerOf(raw: IncomingMessage): ReturnType<OuterCallers> {
    try {
      return callers(raw);
    } catch {
      return { refusal: KEYS_UNREADABLE };
    }
  }
}

/** A request whose answer ends with the session, as a stream of events would else not. */
function within({ signal }: Session, request: Request): Request {
  if (request.body !== null) return request;
  return new Request(request, { signal: AbortSignal.any([request.signal, signal]) });
}

/** Programs send no origin. */
function isOfOrigin(origin: string, { headers }: IncomingMessage): boolean {
  return headers.origin === undefined || headers.origin === origin;
}

function refused({ status, error, fix, authenticate, retryAfterSeconds }: Refusal): Response {
  return jsonResponse(
    { error, ...(fix && { fix }) },
    {
      status,
      headers: {
        ...(authenticate && { 'www-authenticate': authenticate }),
        ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }),
      },
    },
  );
}
