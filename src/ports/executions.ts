/** The workflows, by the names of their files in `statemachines/`. */
export type WorkflowName = 'deploy' | 'rollback' | 'undeploy';

/** The runs of the workflows: Step Functions' executions, or the local engine's. */
export type Executions = {
  /** Starts one run; a name that is already running with the same input is success. Fails with `InputInvalid` for a name that runs with another input or, on AWS, has run within 90 days, `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
  start(workflow: WorkflowName, name: string, input: unknown): Promise<void>;
  /** False when the execution has ended in any way, or was never there. */
  isRunning(execution: string): Promise<boolean>;
  /** Ends an execution wherever it is; nothing in it catches that. One that has ended, or was never there, is success. */
  stop(execution: string): Promise<void>;
};
