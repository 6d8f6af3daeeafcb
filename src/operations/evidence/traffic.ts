import { setTimeout as sleep } from 'node:timers/promises';

/** One request as its caller saw it: `sentMs` is when it was sent, since the traffic began; the status is 0 where no answer came. */
export type Answer = {
  readonly sentMs: number;
  readonly status: number;
  readonly revision: string | null;
};

export type Traffic = {
  /** Milliseconds since it began. */
  nowMs(): number;
  /** Ends it, once the requests in flight are answered. */
  stop(): Promise<readonly Answer[]>;
};

const CALLERS = 2;
const PAUSE_MS = 200;

/** Sends a request again and again, from two callers who each wait for their answer, until it is stopped. */
export function startTraffic(ask: () => Promise<Response>): Traffic {
  const answers: Answer[] = [];
  const beganMs = performance.now();
  const stopped = new AbortController();

  const nowMs = () => performance.now() - beganMs;

  async function once(): Promise<Omit<Answer, 'sentMs'>> {
    try {
      const response = await ask();
      await response.arrayBuffer();
      return { status: response.status, revision: response.headers.get('x-slipway-revision') };
    } catch {
      return { status: 0, revision: null };
    }
  }

  async function askOn(): Promise<void> {
    while (!stopped.signal.aborted) {
      const sentMs = nowMs();
      answers.push({ sentMs, ...(await once()) });
      await sleep(PAUSE_MS, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  const callers = Promise.all(Array.from({ length: CALLERS }, askOn));
  return {
    nowMs,
    async stop() {
      stopped.abort();
      await callers;
      return answers;
    },
  };
}
