import type { Timers } from '#adapters/local/timers.ts';

/** The memory that the bodies of requests have together; who finds none waits, first come first served. */
export type BodyRoom = {
  /** Asks for this many bytes; what is larger than the whole room enters when nothing else is inside. */
  enter(bytes: number, guest: Guest): Place;
};

type Guest = {
  /** There is room; called at once where there is. */
  onEntered(): void;
  /** It brought nothing for 5 s while others waited for room, and has to leave. */
  onEvicted(): void;
};

/** What one body has of the room, or waits for. */
export type Place = {
  isInside(): boolean;
  /** A part of the body came. */
  moved(): void;
  /** All of it came, and is this large: it keeps that until it leaves. */
  complete(bytes: number): void;
  leave(): void;
};

type Entry = Guest & { bytes: number; isArriving: boolean; movedMs: number };

/** 28 of the largest bodies for Lambda, 12 for containers. */
export const ROOM_BYTES = 128 * 1_048_576;
export const SILENT_MS = 5_000;
const LOOK_MS = 1_000;

/** Uploads that stand still must not keep others out: while somebody waits, those silent for 5 s are told to leave. */
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
