import type { BuildLog, BuildLogRef } from '#ports/build-log.ts';

export type MemoryBuildLog = BuildLog & {
  write(ref: BuildLogRef, lines: readonly string[]): void;
};

export function memoryBuildLog(): MemoryBuildLog {
  const logs = new Map<string, readonly string[]>();
  const keyOf = ({ group, stream }: BuildLogRef) => JSON.stringify([group, stream]);

  return {
    write: (ref, lines) => void logs.set(keyOf(ref), lines),
    tail: async (ref, lines) => (lines > 0 ? (logs.get(keyOf(ref)) ?? []).slice(-lines) : []),
  };
}
