/** The workflows, by the names of their files in `statemachines/`. */
export type WorkflowName = 'deploy' | 'promote' | 'rollback' | 'undeploy';

/** The runs of the workflows: Step Functions' executions, or the local engine's. */
export type Executions = {
  /** Starts one run; a no-op when the name already runs with the same input. Fails with `InputInvalid` for a name that runs with another input or, on AWS, has run within 90 days; `PlatformDenied`, `PlatformThrottled`, `PlatformUnavailable`. */
  start(workflow: WorkflowName, name: string, input: unknown): Promise<void>;
  /** False when the execution has ended in any way, or never existed. */
  isRunning(execution: string): Promise<boolean>;
  /** Ends an execution in whatever state it is; its Catch clauses do not run. A no-op when it has ended or never existed. */
  stop(execution: string): Promise<void>;
};
