import type { Executions } from '#ports/executions.ts';

export type MemoryExecutions = Executions & {
  /** From now on the execution runs, as if it was started elsewhere. */
  begin(name: string): void;
  end(name: string): void;
};

/** Executions that do nothing but run until they are ended. */
export function memoryExecutions(): MemoryExecutions {
  const running = new Set<string>();

  return {
    start: async (name) => void running.add(name),
    isRunning: async (name) => running.has(name),
    begin: (name) => void running.add(name),
    end: (name) => void running.delete(name),
  };
}
