import type { RunOptions, StateMachine, StateMachineDefinition } from 'aws-local-stepfunctions';
import { Failure, failureName } from '#domain/failure.ts';
import { wireMessage } from '#domain/trouble.ts';
import type { Executions, WorkflowName } from '#ports/executions.ts';

/**
 * Handles a Task state like the service that it stands for: for a Lambda function, payload in and answer out; for a service task, its Parameters in and the service's answer out.
 * `stopped` aborts when the execution is over; Step Functions then also ends what a service task has begun.
 */
export type TaskHandler = (payload: unknown, stopped: AbortSignal) => Promise<unknown>;

/** How an execution ended; `error` and `cause` are empty when it succeeded. */
export type ExecutionEnd = {
  readonly workflow: WorkflowName;
  readonly execution: string;
  readonly input: unknown;
  readonly error: string;
  readonly cause: string;
};

/** A step of an execution begins, or has returned or thrown; `error` is the name of what it threw. */
export type StepMoment = {
  readonly state: string;
  readonly moment: 'begins' | 'ended';
  readonly execution: string;
  readonly error?: string;
};

export type StepObserver = (at: StepMoment) => Promise<void>;

/** Follows one execution: each run of a step, with what it was given, and how all of it ended. */
export type ExecutionTrace = {
  step<Answer>(state: string, payload: unknown, run: () => Promise<Answer>): Promise<Answer>;
  end(how: Pick<ExecutionEnd, 'error' | 'cause'>): void;
};

/** Where executions are followed. `stop` resolves when all of it was handed on. */
export type Traces = {
  begin(workflow: WorkflowName, execution: string): ExecutionTrace;
  stop(): Promise<void>;
};

/** `stop` does not interrupt a running step, unless the step heeds its signal. */
export type WorkflowEngine = Executions & {
  /** Loads what runs executions, else the first of them does. */
  warm(): void;
  /** Whether no execution runs. */
  isIdle(): boolean;
  /** Stops every execution; resolves when all ends are handled and all running steps have returned. */
  stopAll(): Promise<void>;
};

/** The state machines by name; one that is missing cannot be started. */
export type Definitions = Readonly<Partial<Record<WorkflowName, StateMachineDefinition>>>;

type Options = {
  readonly definitions: Definitions;
  /** One per Task state, by the state's name; a state name means the same in every workflow. */
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  /** Called when the execution has ended. */
  readonly onEnded: (end: ExecutionEnd) => Promise<void>;
  /** Called at each moment; the execution continues once this resolves. */
  readonly onStep?: StepObserver;
  readonly traces?: Pick<Traces, 'begin'> | undefined;
  readonly overrides?: Omit<NonNullable<RunOptions['overrides']>, 'taskResourceLocalHandlers'>;
};

type Run = { readonly abort: () => void; readonly input: string };

// Step Functions' limit on a state's input or output (bytes).
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MAX_PAYLOAD_BYTES = 262_144;

/**
 * Runs the workflows in this process as Step Functions would; unlike there, the name of a finished execution may be reused.
 * Fails with `InputInvalid` when a Task state has no handler: the engine would then call a Lambda function on AWS.
 */
export function workflowEngine(options: Options): WorkflowEngine {
  const { definitions, handlers, onEnded, onStep = async () => {}, traces, overrides } = options;
  for (const definition of Object.values(definitions)) requireHandlers(definition, handlers);
  let loading: Promise<Loaded> | undefined;
  const loaded = () => {
    loading ??= load(definitions);
    return loading;
  };
  const running = new Map<string, Run>();
  const ends = new Set<Promise<void>>();
  const steps = new Set<Promise<unknown>>();

  function begin(library: Loaded, workflow: WorkflowName, execution: string, input: unknown): void {
    const failures: Error[] = [];
    const over = new AbortController();
    const trace = traces?.begin(workflow, execution);
    const run = requireMachine(library.machines, workflow).run(toJson(input), {
      overrides: {
        ...overrides,
        taskResourceLocalHandlers: tasks(observed(traced(handlers, trace), execution, onStep), {
          steps,
          failures,
          stopped: over.signal,
        }),
      },
      context: { Execution: { Id: execution, Name: execution } },
    });
    running.set(execution, { abort: run.abort, input: JSON.stringify(input) });
    const ended = run.result
      .then(
        () => ({ error: '', cause: '' }),
        (error: unknown) => explain(error, failures.at(-1), library),
      )
      .finally(() => {
        running.delete(execution);
        over.abort();
      })
      .then((how) => {
        trace?.end(how);
        return onEnded({ workflow, execution, input, ...how });
      })
      .finally(() => ends.delete(ended));
    ends.add(ended);
  }

  return {
    warm: () => void loaded(),
    isIdle: () => running.size === 0,
    async start(workflow, execution, input) {
      const library = await loaded();
      const known = running.get(execution);
      if (!known) return begin(library, workflow, execution, input);
      if (known.input === JSON.stringify(input)) return;
      throw new Failure(
        'InputInvalid',
        `execution ${execution} already exists with a different input`,
      );
    },
    async isRunning(execution) {
      return running.has(execution);
    },
    async stop(execution) {
      running.get(execution)?.abort();
    },
    async stopAll() {
      for (const { abort } of running.values()) abort();
      await Promise.all(ends);
      await Promise.allSettled(steps);
    },
  };
}

type Loaded = Awaited<ReturnType<typeof load>>;

/** 80 ms of modules, AWS's client of Lambda among them, that nothing needs before the first execution. */
async function load(definitions: Definitions) {
  const library = await import('aws-local-stepfunctions');
  const machines = new Map(
    Object.entries(definitions).map(([workflow, definition]) => {
      // A test validates the definitions; validating them here would block the whole process for half a second per start.
      const options = { validationOptions: { noValidate: true } };
      return [workflow, new library.StateMachine(definition, options)] as const;
    }),
  );
  return { ...library, machines };
}

function requireMachine(
  machines: ReadonlyMap<string, StateMachine>,
  workflow: WorkflowName,
): StateMachine {
  const machine = machines.get(workflow);
  if (!machine) throw new Failure('InputInvalid', `there is no workflow ${workflow}`);
  return machine;
}

function requireHandlers({ States }: StateMachineDefinition, handlers: Options['handlers']): void {
  const unmapped = Object.keys(States).filter(
    (state) => States[state]?.Type === 'Task' && !(state in handlers),
  );
  if (unmapped.length === 0) return;
  throw new Failure(
    'InputInvalid',
    `the workflow has states without a step: ${unmapped.join(', ')}`,
  );
}

/** Shared by an execution's tasks: the running steps of all executions, and its own failures so far. */
type Around = {
  readonly steps: Set<Promise<unknown>>;
  readonly failures: Error[];
  readonly stopped: AbortSignal;
};

function tasks(handlers: Options['handlers'], { steps, failures, stopped }: Around) {
  return Object.fromEntries(
    Object.entries(handlers).map(([state, handler]) => [
      state,
      async (parameters: unknown) => {
        const invocation = invocationOf(parameters);
        const payload = invocation ? invocation.Payload : parameters;
        const step = run(handler, payload, stopped);
        steps.add(step);
        try {
          const answer = (await step) ?? null;
          return toJson(invocation ? { Payload: answer } : answer);
        } catch (error) {
          const thrown = asLambdaError(error);
          failures.push(thrown);
          throw thrown;
        } finally {
          steps.delete(step);
        }
      },
    ]),
  );
}

function traced(
  handlers: Options['handlers'],
  trace: ExecutionTrace | undefined,
): Options['handlers'] {
  if (!trace) return handlers;
  return Object.fromEntries(
    Object.entries(handlers).map(([state, handler]) => [
      state,
      (payload: unknown, stopped: AbortSignal) =>
        trace.step(state, payload, () => handler(payload, stopped)),
    ]),
  );
}

function observed(
  handlers: Options['handlers'],
  execution: string,
  onStep: StepObserver,
): Options['handlers'] {
  return Object.fromEntries(
    Object.entries(handlers).map(([state, handler]) => [
      state,
      async (payload: unknown, stopped: AbortSignal) => {
        await onStep({ state, moment: 'begins', execution });
        let error: string | undefined;
        try {
          return await handler(payload, stopped);
        } catch (thrown) {
          error = failureName(thrown) ?? (thrown instanceof Error ? thrown.name : 'Error');
          throw thrown;
        } finally {
          await onStep({ state, moment: 'ended', execution, ...(error && { error }) });
        }
      },
    ]),
  );
}

async function run(handler: TaskHandler, payload: unknown, stopped: AbortSignal): Promise<unknown> {
  metered(payload);
  return handler(payload, stopped);
}

/** The evaluated Parameters of a Lambda invocation are `{FunctionName, Payload}`; a service task has its own. */
function invocationOf(parameters: unknown): { readonly Payload: unknown } | undefined {
  return typeof parameters === 'object' && parameters !== null && 'Payload' in parameters
    ? { Payload: parameters.Payload }
    : undefined;
}

function toJson(value: unknown) {
  return JSON.parse(metered(value));
}

/** A payload as text; throws when it exceeds Step Functions' limit. */
function metered(value: unknown): string {
  const text = JSON.stringify(value);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes <= MAX_PAYLOAD_BYTES) return text;
  const error = new Error(`a payload of ${sizeBytes} bytes; the limit is ${MAX_PAYLOAD_BYTES}`);
  error.name = 'States.DataLimitExceeded';
  // The engine has no such limit; in Step Functions it can be neither caught nor retried.
  throw Object.assign(error, { isCatchable: false, isRetryable: false });
}

/** An error as Lambda's Node runtime reports it: the name that Retry and Catch match on, and `{errorType, errorMessage}` as the cause. */
function asLambdaError(error: unknown): Error {
  if (error instanceof Error && error.name.startsWith('States.')) return error;
  const errorType = error instanceof Error ? (failureName(error) ?? error.name) : 'Error';
  const errorMessage = error instanceof Failure ? wireMessage(error) : String(error);
  const thrown = new Error(JSON.stringify({ errorType, errorMessage }), { cause: error });
  thrown.name = errorType;
  return thrown;
}

/** The failure that ended an execution. A Fail state only says that it was reached, so the step failure that led there is reported instead. */
function explain(
  error: unknown,
  failure: Error | undefined,
  { ExecutionAbortedError, ExecutionTimeoutError }: Loaded,
): { error: string; cause: string } {
  if (error instanceof ExecutionAbortedError) return { error: 'States.Aborted', cause: 'stopped' };
  if (error instanceof ExecutionTimeoutError) {
    return { error: 'States.Timeout', cause: 'the workflow reached its time limit' };
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  const isFailState = cause?.name === 'DeploymentFailed' || cause?.name === 'DeploymentRolledBack';
  const told = isFailState && failure ? failure : cause;
  return { error: told?.name ?? 'Error', cause: told?.message ?? String(error) };
}
