import { readdirSync, writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { sessionOf } from './process-usage.ts';

// A server that serves gets two thirds of a core that both want (sched(7)). A lower priority would leave nothing on a machine that others keep busy.
const NICER = 3;
const NICEST = 19;
// As Slipway itself was started, and so what serves.
const NORMAL = getPriority();

/**
 * Lets a process that nobody's request waits for, with all it starts from now on, run only when what serves leaves time.
 * Never fails: one that has ended, or a system that refuses, keeps its priority.
 */
export function lowerPriority(pid: number | undefined): void {
  setAll(pid, Math.min(NICEST, NORMAL + NICER));
}

/** Undoes `lowerPriority`, where this process may: see `mayRaisePriority`. */
export function raisePriority(pid: number | undefined): void {
  setAll(pid, NORMAL);
}

let mayRaise: boolean | undefined;

/** Whether this process may raise a priority that it has lowered: root may, unless its capabilities were taken away, and few others. It is tried on one of its own threads. */
export function mayRaisePriority(): boolean {
  mayRaise ??= tryToRaise();
  return mayRaise;
}

function tryToRaise(): boolean {
  const thread = threadsOf('self').find((id) => id !== process.pid);
  if (thread === undefined) return false;
  try {
    setPriority(thread, Math.min(NICEST, NORMAL + 1));
    setPriority(thread, NORMAL);
    return true;
  } catch {
    return false;
  }
}

function setAll(pid: number | undefined, niceness: number): void {
  if (pid === undefined) return;
  // Linux weighs sessions first, and each server leads one: https://man7.org/linux/man-pages/man7/sched.7.html, "The autogroup feature". The session of any other process is that of a terminal, with all that runs there.
  if (sessionOf(pid) === pid) setSession(pid, niceness);
  // On Linux each thread has a priority of its own.
  for (const thread of new Set([pid, ...threadsOf(String(pid))])) {
    attempt(() => setPriority(thread, niceness));
  }
}

// Linux takes one change of a session in 100 ms from all processes that are not an administrator's together, and answers the others EAGAIN: kernel/sched/autogroup.c, proc_sched_autogroup_set_nice.
const AGAIN_MS = 110;
const MOST_TRIES = 100;
const awaited = new Map<number, NodeJS.Timeout>();

/** Sets the priority of a session, later where the system wants to be asked again; what was asked last holds. */
function setSession(session: number, niceness: number, triesLeft = MOST_TRIES): void {
  clearTimeout(awaited.get(session));
  awaited.delete(session);
  try {
    writeFileSync(`/proc/${session}/autogroup`, String(niceness));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || triesLeft === 0) return;
    const again = () => setSession(session, niceness, triesLeft - 1);
    awaited.set(session, setTimeout(again, AGAIN_MS).unref());
  }
}

function threadsOf(process: string): readonly number[] {
  try {
    return readdirSync(`/proc/${process}/task`).map(Number);
  } catch {
    return [];
  }
}

function attempt(change: () => void): void {
  try {
    change();
  } catch {}
}
