import type { BigIntStats } from 'node:fs';
import { realTimers, type Timers } from '#adapters/local/concurrency/timers.ts';
import { hasSameContent } from '#adapters/local/files/file-state.ts';

/** The state of a key's path, which may also be a folder or a link; undefined when nothing is there. */
export type FileState = BigIntStats | undefined;

/** Decides when a change to a file has settled. */
export type Settling = {
  /** Records the current state of a key's path. */
  see(key: string, file: FileState): void;
  /** Records that a file is being written; false when no state of it is waiting to settle. */
  noteWrite(key: string): boolean;
  close(): void;
};

type Options = {
  /** Whether this state of a key has been handled, so that nothing is due. */
  readonly isKnown: (key: string, file: FileState) => boolean;
  /** Called at once for a file that was renamed in, else when its state has not changed for 200 ms. */
  readonly onDue: (key: string, file: FileState) => void;
  /** Looks at the file again, and passes its state to `use`. */
  readonly lookAgain: (key: string, use: (file: FileState) => void) => void;
  readonly timers?: Timers;
};

/** `isWritten`: the file was written after `file` was observed. */
type Seen = {
  readonly file: FileState;
  readonly isWritten: boolean;
  callOff(): void;
};

const QUIET_MS = 200;
// A final look after the last event: more events may be on their way when a timer ends.
const CONFIRM_MS = 20;

export function settling(options: Options): Settling {
  const { isKnown, onDue, lookAgain, timers = realTimers } = options;
  const unsettled = new Map<string, Seen>();

  function forget(key: string): void {
    unsettled.get(key)?.callOff();
    unsettled.delete(key);
  }

  function wait(key: string, file: FileState, ms: number, isWritten = false): void {
    forget(key);
    const callOff = timers.after(ms, () => lookAgain(key, (now) => compare(key, seen, now)));
    const seen = { file, isWritten, callOff };
    unsettled.set(key, seen);
  }

  function compare(key: string, before: Seen, file: FileState): void {
    if (unsettled.get(key) !== before) return;
    if (hasSameContent(before.file, file)) due(key, file);
    else if (before.isWritten) wait(key, file, CONFIRM_MS);
    else see(key, file);
  }

  function see(key: string, file: FileState): void {
    const before = unsettled.get(key);
    if (isKnown(key, file)) forget(key);
    else if (wasRenamedIn(file) && before?.file?.ino !== file?.ino) due(key, file);
    else if (!before || !hasSameContent(before.file, file)) wait(key, file, QUIET_MS);
  }

  function due(key: string, file: FileState): void {
    forget(key);
    onDue(key, file);
  }

  return {
    see,
    noteWrite(key) {
      const before = unsettled.get(key);
      if (before) wait(key, before.file, QUIET_MS - CONFIRM_MS, true);
      return before !== undefined;
    },
    close() {
      for (const key of unsettled.keys()) forget(key);
    },
  };
}

// A write sets both times, a rename or a link only the change time; if both happen within one tick of the kernel's clock, about 4 ms, they cannot be distinguished.
function wasRenamedIn(file: FileState): boolean {
  return file?.isFile() === true && file.size > 0n && file.ctimeNs > file.mtimeNs;
}
