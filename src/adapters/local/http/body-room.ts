import type { Timers } from '#adapters/local/concurrency/timers.ts';

/** The memory shared by the bodies of all requests; a body that does not fit waits, first come first served. */
export type BodyRoom = {
  /** Asks for this many bytes; a body larger than the whole room enters when nothing else is inside. */
  enter(bytes: number, guest: WaitingBody): Place;
};

type WaitingBody = {
  /** There is room; called synchronously if there is room at once. */
  onEntered(): void;
  /** It received nothing for 5 s while others waited for room, and must leave. */
  onEvicted(): void;
};

/** One body's reservation, or its place in the queue. */
export type Place = {
  isInside(): boolean;
  /** A chunk of the body arrived. */
  moved(): void;
  /** The whole body arrived, with this size, which it holds until it leaves. */
  complete(bytes: number): void;
  leave(): void;
};

type Entry = WaitingBody & { bytes: number; isArriving: boolean; movedMs: number };

/** Enough for 28 of the largest bodies for Lambda, or 12 for containers. */
export const ROOM_BYTES = 128 * 1_048_576;
export const SILENT_MS = 5_000;
const LOOK_MS = 1_000;

/** A stalled upload must not keep others out: while any body waits, those silent for 5 s are evicted. */
export function bodyRoom(timers: Timers, roomBytes = ROOM_BYTES): BodyRoom {
  const inside = new Set<Entry>();
  const waiting = new Set<Entry>();
  let usedBytes = 0;
  let isWatched = false;

  function admit(): void {
    for (const entry of waiting) {
      if (usedBytes > 0 && usedBytes + entry.bytes > roomBytes) break;
      waiting.delete(entry);
      inside.add(entry);
      usedBytes += entry.bytes;
      entry.movedMs = timers.nowMs();
      entry.onEntered();
    }
    watch();
  }

  function watch(): void {
    if (isWatched || waiting.size === 0) return;
    isWatched = true;
    timers.after(LOOK_MS, () => {
      isWatched = false;
      evict();
      watch();
    });
  }

  function evict(): void {
    const sinceMs = timers.nowMs() - SILENT_MS;
    const silent = [...inside]
      .filter(({ isArriving, movedMs }) => isArriving && movedMs <= sinceMs)
      .sort((one, other) => one.movedMs - other.movedMs);
    for (const entry of silent) if (waiting.size > 0) entry.onEvicted();
  }

  function give(bytes: number): void {
    usedBytes -= bytes;
    admit();
  }

  return {
    enter(bytes, guest) {
      const entry: Entry = { ...guest, bytes, isArriving: true, movedMs: timers.nowMs() };
      waiting.add(entry);
      admit();
      return {
        isInside: () => inside.has(entry),
        moved() {
          entry.movedMs = timers.nowMs();
        },
        complete(wholeBytes) {
          entry.isArriving = false;
          const surplus = entry.bytes - wholeBytes;
          entry.bytes = wholeBytes;
          if (inside.has(entry)) give(surplus);
        },
        leave() {
          waiting.delete(entry);
          if (inside.delete(entry)) give(entry.bytes);
          else admit();
        },
      };
    },
  };
}
