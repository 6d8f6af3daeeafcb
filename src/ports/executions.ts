/** The runs of a workflow: Step Functions' executions, or the local engine's. */
export type Executions = {
  /** Starts one run; a name that is already running with the same input is success. Fails with `InputInvalid` for a name that runs with another input or has run (on AWS within 90 days), `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
  start(name: string, input: unknown): Promise<void>;
  /** False when the execution has ended in any way, or was never there. */
  isRunning(execution: string): Promise<boolean>;
};
