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
import type { Answering } from './control-api.ts';

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
};

const NO_TLS: Refusal = {
  status: 403,
  error: 'the control API is answered by TLS alone: a key in plain HTTP can be read on its way',
  fix: 'call it by https; start Slipway with --tls-cert and --tls-key, or name the proxy in front by --trusted-proxy',
};

/** The control API for other machines: each request has a key, which says what it may do. */
export function remoteControl<Table extends Operations>({
  table,
  granted,
  callers,
  stranger,
  isTrusted,
  after,
}: Options<Table>): Answering {
  return async (request, raw) => {
    const caller = callerOf(raw);
    if ('refusal' in caller) return refused(caller.refusal);
    const answer = controlHandler({
      table,
      operations: granted(caller.key, raw),
      guard: () => undefined,
      after,
      // Here it is the key that lacks a right.
      statuses: { PlatformDenied: 403 },
    });
    return answer(request);
  };

  function callerOf(raw: IncomingMessage): ReturnType<OuterCallers> {
    const { socket, headers } = raw;
    const isPrivate = protocolOf(socket) === 'https' || isTrusted(socket.remoteAddress ?? '');
    if (!isPrivate) return { refusal: NO_TLS };
    const strange = stranger(headers);
    if (strange) return { refusal: strange };
    try {
      return callers(raw);
    } catch {
      return { refusal: KEYS_UNREADABLE };
    }
  }
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
