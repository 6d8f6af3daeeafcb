import { type Route, spread } from '#adapters/local/gateway/routing-table.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';
import type { MemoryMetrics } from './metrics.ts';
import type { MemoryRouter } from './router.ts';

/** A probe of a revision: whether it is ready, or a request. */
export type Asked = 'ready' | GoldenRequest;

type Front = (answer: ProbeAnswer, asked: Asked) => ProbeAnswer;

export type MemoryProber = Prober & {
  /** How the revision answers from now on; without a script it is not there. */
  script(revision: string, answer: (asked: Asked) => ProbeAnswer): void;
  /** Sets how the front changes each of the models' answers from now on, before a client of an endpoint gets it. */
  front(make: Front): void;
  /** The probes that were sent, oldest first, and the revision that got each. */
  readonly sent: readonly {
    readonly address: string;
    readonly revision: string;
    readonly asked: Asked;
  }[];
};

/** An answer for a script; it comes after `latencyMs`, which no clock waits for. */
export function answered(status: number, body: unknown = {}, latencyMs = 1): ProbeAnswer {
  return { kind: 'answer', status, body: JSON.stringify(body), revision: null, latencyMs };
}

/** Probes that go where the memory router's data plane sends clients, or straight to a test path, and are counted as clients' requests are. */
export function memoryProber({
  router,
  metrics,
}: {
  router: MemoryRouter;
  metrics: MemoryMetrics;
}): MemoryProber {
  const scripts = new Map<string, (asked: Asked) => ProbeAnswer>();
  const routes = new Map<string, Route>();
  let front: Front = (answer) => answer;
  const sent: { address: string; revision: string; asked: Asked }[] = [];

  const turnOf = (model: string): string | undefined => {
    const shares = router.dataPlane(model);
    if (Object.keys(shares).length === 0) return undefined;
    const known = routes.get(model);
    const route = known?.shares === shares ? known : spread(shares);
    routes.set(model, route);
    return route.next();
  };

  const ask = async (address: string, asked: Asked, timeoutMs: number): Promise<ProbeAnswer> => {
    const [, root, name = ''] = address.split('/');
    const isRoute = root === 'models';
    const revision = isRoute ? turnOf(name) : name;
    if (revision === undefined) return answered(404);
    sent.push({ address, revision, asked });
    const script = scripts.get(revision) ?? (() => answered(isRoute ? 503 : 404));
    const answer = within(timeoutMs, script(asked));
    if (isRoute && answer.kind === 'answer') metrics.record(revision, answer.status);
    const named = answer.kind === 'answer' ? { ...answer, revision } : answer;
    return isRoute ? front(named, asked) : named;
  };

  return {
    send: (address, _model, request, timeoutMs) => ask(address, request, timeoutMs),
    ready: (address, _path, timeoutMs) => ask(address, 'ready', timeoutMs),
    script: (revision, answer) => void scripts.set(revision, answer),
    front: (make) => {
      front = make;
    },
    sent,
  };
}

function within(timeoutMs: number, answer: ProbeAnswer): ProbeAnswer {
  const isLate = answer.kind === 'answer' && answer.latencyMs > timeoutMs;
  return isLate ? { kind: 'none', reason: `no answer within ${timeoutMs} ms` } : answer;
}
