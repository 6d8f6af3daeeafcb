/** The runs of a workflow: Step Functions' executions, or the local engine's. */
export type Executions = {
  /** Starts one run; a name that is already running with the same input is success. Fails with `PlatformThrottled`, `PlatformUnavailable`. */
  start(name: string, input: unknown): Promise<void>;
  /** False when the execution has ended in any way, or was never there. */
  isRunning(execution: string): Promise<boolean>;
};
