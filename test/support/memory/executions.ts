import { Failure } from '#domain/failure.ts';
import type { Executions, WorkflowName } from '#ports/executions.ts';

export type MemoryRun = {
  readonly workflow: WorkflowName;
  readonly name: string;
  readonly input: unknown;
};

export type MemoryExecutions = Executions & {
  /** The execution runs from now on, as if it was started elsewhere. */
  begin(name: string): void;
  end(name: string): void;
  /** The started executions, oldest first. */
  readonly started: readonly MemoryRun[];
};

/** Executions that do nothing but run until they are ended. As on AWS, a name that has run is not taken again. */
export function memoryExecutions(): MemoryExecutions {
  const running = new Set<string>();
  const started: MemoryRun[] = [];

  return {
    async start(workflow, name, input) {
      const known = started.find((run) => run.name === name);
      const isSame = JSON.stringify(known?.input) === JSON.stringify(input);
      if (known && running.has(name) && isSame) return;
      if (known) throw new Failure('InputInvalid', `there is an execution ${name}`);
      running.add(name);
      started.push({ workflow, name, input });
    },
    isRunning: async (name) => running.has(name),
    stop: async (name) => void running.delete(name),
    begin: (name) => void running.add(name),
    end: (name) => void running.delete(name),
    started,
  };
}
