import { HEALTH_CHECK } from '#domain/rollout/health-check.ts';
import type { Clock } from '#ports/clock.ts';

/** Whether the server at `origin` answered one look. */
export type HealthLook = (origin: string) => Promise<boolean>;

type Watched = {
  readonly origin: string;
  readonly look: HealthLook;
  readonly clock: Clock;
  /** Told once, with why as a predicate. */
  readonly onUnhealthy: (reason: string) => void;
};

/** Watches over a server that serves. Called again and again, the answered function looks when that is due, never twice at once. */
export function healthWatch({ origin, look, clock, onUnhealthy }: Watched): () => void {
  const { intervalSeconds, badLooks } = HEALTH_CHECK;
  const nextMs = () => clock.now() + intervalSeconds * 1000;
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
    if (isLooking || clock.now() < dueAtMs) return;
    dueAtMs = nextMs();
    void lookNow();
  };
}

/** A look as the load balancer's, at this URL: by a connection of its own, which a server that hangs still accepts. */
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
