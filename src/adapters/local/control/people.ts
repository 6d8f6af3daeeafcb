import { createHash } from 'node:crypto';
import { HOUR_MS } from '#domain/durations.ts';
import type { Clock } from '#ports/clock.ts';
import { newToken } from './control-guard.ts';
import type { SignedIn } from './identity-provider.ts';

/** Somebody who has signed in, until `untilMs` (of the clock's monotonic time) or until they sign out. `signal` then ends what is streamed to them. */
export type Session = SignedIn & { readonly untilMs: number; readonly signal: AbortSignal };

/** Who has signed in at the console. */
export type People = {
  /** Begins a session, and returns its secret. */
  begin(signedIn: SignedIn): string;
  /** The session with this secret, while it lasts. */
  find(secret: string): Session | undefined;
  end(secret: string): void;
};

// A working day. The identity provider decides again after that, so somebody who has left keeps no access for longer.
const SESSION_MS = 8 * HOUR_MS;
const MOST_SESSIONS = 10_000;

/** Sessions last for eight hours, and end with the process: nothing of them is on the disk. */
export function people(clock: Pick<Clock, 'monotonicMs'>): People {
  // The keys are digests: how long it takes to look one up says nothing of a secret. The oldest is first.
  const sessions = new Map<string, Session & { readonly ending: AbortController }>();

  function end(digest: string): void {
    sessions.get(digest)?.ending.abort();
    sessions.delete(digest);
  }

  function forgetOver(): void {
    for (const [digest, { untilMs }] of sessions) {
      if (untilMs > clock.monotonicMs() && sessions.size <= MOST_SESSIONS) return;
      end(digest);
    }
  }

  return {
    begin(signedIn) {
      const secret = newToken();
      const ending = new AbortController();
      sessions.set(digestOf(secret), {
        ...signedIn,
        untilMs: clock.monotonicMs() + SESSION_MS,
        ending,
        signal: AbortSignal.any([ending.signal, AbortSignal.timeout(SESSION_MS)]),
      });
      forgetOver();
      return secret;
    },
    find(secret) {
      const session = sessions.get(digestOf(secret));
      return session && session.untilMs > clock.monotonicMs() ? session : undefined;
    },
    end: (secret) => end(digestOf(secret)),
  };
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
