import type { IncomingMessage } from 'node:http';
import type { Timers } from '#adapters/local/concurrency/timers.ts';
import type { Clock } from '#ports/clock.ts';
import type { Meters } from './meters.ts';
import type { GatewayMetrics } from './metrics.ts';
import { isProbe } from './probe-mark.ts';
import { idOf } from './request-id.ts';
import type { RequestLog } from './request-log.ts';

/** A finished request. `model` is undefined on a test path or when none was found; `status` is undefined when the client left before it got one. */
export type EndedRequest = {
  readonly request: IncomingMessage;
  /** When its headers arrived, by the gateway's timers. */
  readonly sinceMs: number;
  readonly model: string | undefined;
  readonly revision: string | undefined;
  readonly status: number | undefined;
};

type Deps = {
  readonly counts: GatewayMetrics;
  readonly meters: Meters;
  readonly log: RequestLog | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly probeMark: string;
};

/** Counts an endpoint's requests, and logs them if the request log is on. Slipway's own probes count for a bake, as they do on AWS, but are no client's requests: neither in `/metrics`, nor for what ails a live version. */
export function endedRequests({ counts, meters, log, clock, timers, probeMark }: Deps) {
  return (ended: EndedRequest): void => {
    const ms = timers.nowMs() - ended.sinceMs;
    const isOwn = isProbe(ended.request, probeMark);
    if (isCounted(ended)) {
      const { model = '', revision = '', status } = ended;
      if (revision) counts.record(revision, status, isOwn ? 'probe' : 'client');
      if (!isOwn) meters.observe({ model, revision, status, seconds: ms / 1000 });
    }
    log?.add({ ...logged(ended, ms, clock), ...(isOwn && { probe: true }) });
  };
}

/** Not on a test path, and answered. */
function isCounted(ended: EndedRequest): ended is EndedRequest & { readonly status: number } {
  const { model, revision, status } = ended;
  return status !== undefined && (model !== undefined || revision === undefined);
}

function logged({ request, model, revision, status }: EndedRequest, ms: number, clock: Clock) {
  const { method = '', url = '', headers } = request;
  const trace = headers['traceparent'];
  return {
    time: new Date(clock.now()).toISOString(),
    id: idOf(request),
    method,
    path: url.replace(/\?.*/s, '').slice(0, 1_000),
    model: model ?? null,
    revision: revision ?? null,
    status: status ?? null,
    ms: Math.round(ms * 100) / 100,
    ...(typeof trace === 'string' && { trace }),
  };
}
