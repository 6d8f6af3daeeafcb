import type { BuildLog, BuildLogRef } from '#ports/build-log.ts';
import type { LogLine } from '#ports/platform.ts';

export type MemoryBuildLog = BuildLog & {
  /** Writes each line a millisecond after the one before, the first at the epoch. */
  write(ref: BuildLogRef, lines: readonly string[]): void;
};

export function memoryBuildLog(): MemoryBuildLog {
  const logs = new Map<string, readonly LogLine[]>();
  const keyOf = ({ group, stream }: BuildLogRef) => JSON.stringify([group, stream]);

  return {
    write: (ref, lines) =>
      void logs.set(
        keyOf(ref),
        lines.map((text, timeMs) => ({ timeMs, text })),
      ),
    async tail(ref, { lines, sinceMs = 0 }) {
      const found = (logs.get(keyOf(ref)) ?? []).filter(({ timeMs }) => (timeMs ?? 0) >= sinceMs);
      return lines > 0 ? found.slice(-lines) : [];
    },
  };
}
