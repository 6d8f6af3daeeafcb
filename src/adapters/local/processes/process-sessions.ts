import { readdirSync } from 'node:fs';
import { realTimers } from '#adapters/local/concurrency/timers.ts';
import { sessionOf } from './process-usage.ts';

/** The processes of this machine by their session. */
export type ProcessSessions = {
  /** The processes of the session that `leader` leads, itself first; as of at most a second ago. Itself alone where the system does not tell. */
  of(leader: number): readonly number[];
};

const KEPT_MS = 1_000;

/** One for all servers: a look reads of every process of the machine. */
export function processSessions(nowMs = realTimers.nowMs): ProcessSessions {
  let seen = new Map<number, number[]>();
  let seenMs = Number.NEGATIVE_INFINITY;

  function look(): void {
    seen = new Map();
    for (const pid of allProcesses()) {
      const leader = sessionOf(pid);
      if (leader === null || leader === pid) continue;
      const members = seen.get(leader) ?? [];
      seen.set(leader, [...members, pid]);
    }
    seenMs = nowMs();
  }

  return {
    of(leader) {
      if (nowMs() - seenMs >= KEPT_MS) look();
      return [leader, ...(seen.get(leader) ?? [])];
    },
  };
}

function allProcesses(): readonly number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
