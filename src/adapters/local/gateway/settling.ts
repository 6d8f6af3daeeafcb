import type { BigIntStats } from 'node:fs';
import { hasSameContent } from '#adapters/local/registry/file-state.ts';
import { realTimers, type Timers } from '#adapters/local/timers.ts';

/** What is at a key's path, a folder or link too; undefined when nothing is. */
export type FileState = BigIntStats | undefined;

/** Decides when a change of a file is over. */
export type Settling = {
  /** Takes note of what is at a key's path now. */
  see(key: string, file: FileState): void;
  /** Takes note that a file is being written; false when nothing was seen of it that could settle. */
  noteWrite(key: string): boolean;
  close(): void;
};

type Options = {
  /** Whether this state of a key was dealt with, so that nothing is due. */
  readonly isKnown: (key: string, file: FileState) => boolean;
  /** Called at once for a file that was renamed in, else when the state was unchanged for 200 ms. */
  readonly onDue: (key: string, file: FileState) => void;
  /** Looks at the file again, and hands what it sees to `use`. */
  readonly lookAgain: (key: string, use: (file: FileState) => void) => void;
  readonly timers?: Timers;
};

/** `isWritten`: it was written after `file` was seen. */
type Seen = {
  readonly file: FileState;
  readonly isWritten: boolean;
  callOff(): void;
};

const QUIET_MS = 200;
// The last look comes after the last event: some may be on their way when a timer ends.
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

// A write sets both times, a rename or a link the changed time alone; both in one tick of the kernel's clock, about 4 ms, cannot be told apart.
function wasRenamedIn(file: FileState): boolean {
  return file?.isFile() === true && file.size > 0n && file.ctimeNs > file.mtimeNs;
}
