import { HEALTH_CHECK } from '#domain/rollout/health-check.ts';
import type { Clock } from '#ports/clock.ts';

/** Whether the server at `origin` answered one check. */
export type HealthLook = (origin: string) => Promise<boolean>;

type Watched = {
  readonly origin: string;
  readonly look: HealthLook;
  readonly clock: Clock;
  /** Called once; the reason is a predicate. */
  readonly onUnhealthy: (reason: string) => void;
};

/** Watches a running server. Call the returned function repeatedly: it checks when that is due, never twice at once. */
export function healthWatch({ origin, look, clock, onUnhealthy }: Watched): () => void {
  const { intervalSeconds, badLooks } = HEALTH_CHECK;
  const nextMs = () => clock.monotonicMs() + intervalSeconds * 1000;
  let dueAtMs = nextMs();
  let isLooking = false;
  let bad = 0;

  async function lookNow(): Promise<void> {
    isLooking = true;
    const isHealthy = await look(origin);
    isLooking = false;
    bad = isHealthy ? 0 : bad + 1;
    if (bad === badLooks) onUnhealthy(`failed its health check ${badLooks} times`);
  }

  return () => {
    if (isLooking || clock.monotonicMs() < dueAtMs) return;
    dueAtMs = nextMs();
    void lookNow();
  };
}

/** A check like the load balancer's, at this URL: on a new connection, which even a hanging server accepts. */
export async function answersInTime(
  url: string,
  timeoutMs = HEALTH_CHECK.timeoutSeconds * 1000,
): Promise<boolean> {
  const { request } = await import('undici');
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const { statusCode, body } = await request(url, { signal, reset: true });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}
