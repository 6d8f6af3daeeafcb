import type { RunOptions, StateMachine, StateMachineDefinition } from 'aws-local-stepfunctions';
import { Failure, failureName } from '#domain/failure.ts';
import { wireMessage } from '#domain/trouble.ts';
import type { Executions, WorkflowName } from '#ports/executions.ts';

/**
 * What runs for a Task state, as what it stands for would: for a Lambda function the payload in and the answer out, for a service task its Parameters and the service's answer.
 * `stopped` aborts when the execution is over, with which Step Functions also ends what a service task has begun.
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

/** A step of an execution begins, or has returned or thrown. */
export type StepMoment = {
  readonly state: string;
  readonly moment: 'begins' | 'ended';
  readonly execution: string;
};

export type StepObserver = (at: StepMoment) => Promise<void>;

/** `stop` does not interrupt a step that runs, unless that heeds its signal. */
export type WorkflowEngine = Executions & {
  /** Loads what runs executions, else the first of them does. */
  warm(): void;
  /** Stops every execution and resolves when each end was dealt with and the steps that were running have returned. */
  stopAll(): Promise<void>;
};

/** The state machines by their names; one that is not here cannot be started. */
export type Definitions = Readonly<Partial<Record<WorkflowName, StateMachineDefinition>>>;

type Options = {
  readonly definitions: Definitions;
  /** One per Task state, by the state's name; a state of that name is the same in every workflow. */
  readonly handlers: Readonly<Record<string, TaskHandler>>;
  /** Called when the execution runs no longer. */
  readonly onEnded: (end: ExecutionEnd) => Promise<void>;
  /** Told of each moment; the execution goes on once this resolves. */
  readonly onStep?: StepObserver;
  readonly overrides?: Omit<NonNullable<RunOptions['overrides']>, 'taskResourceLocalHandlers'>;
};

type Run = { readonly abort: () => void; readonly input: string };

// Step Functions' limit on what enters or leaves a state (bytes).
// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const MAX_PAYLOAD_BYTES = 262_144;

/**
 * Runs the workflows as Step Functions would, in this process; a name that has run may be used again.
 * Fails with `InputInvalid` when a Task state has no handler: the engine would call a Lambda function on AWS.
 */
export function workflowEngine(options: Options): WorkflowEngine {
  const { definitions, handlers, onEnded, onStep = async () => {}, overrides } = options;
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
    const run = requireMachine(library.machines, workflow).run(toJson(input), {
      overrides: {
        ...overrides,
        taskResourceLocalHandlers: tasks(observed(handlers, execution, onStep), {
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
      .then((how) => onEnded({ workflow, execution, input, ...how }))
      .finally(() => ends.delete(ended));
    ends.add(ended);
  }

  return {
    warm: () => void loaded(),
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
      // A test validates them: here it would hold up every start, and all else in this process, for half a second each.
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

/** What the tasks of one execution share: the steps that run, of all, and its own failures so far. */
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
        try {
          return await handler(payload, stopped);
        } finally {
          await onStep({ state, moment: 'ended', execution });
        }
      },
    ]),
  );
}

async function run(handler: TaskHandler, payload: unknown, stopped: AbortSignal): Promise<unknown> {
  metered(payload);
  return handler(payload, stopped);
}

/** The evaluated Parameters of a Lambda invocation are `{FunctionName, Payload}`; those of a service task are its own. */
function invocationOf(parameters: unknown): { readonly Payload: unknown } | undefined {
  return typeof parameters === 'object' && parameters !== null && 'Payload' in parameters
    ? { Payload: parameters.Payload }
    : undefined;
}

function toJson(value: unknown) {
  return JSON.parse(metered(value));
}

/** A payload as text; throws when it is larger than Step Functions takes. */
function metered(value: unknown): string {
  const text = JSON.stringify(value);
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes <= MAX_PAYLOAD_BYTES) return text;
  const error = new Error(`a payload of ${sizeBytes} bytes; the limit is ${MAX_PAYLOAD_BYTES}`);
  error.name = 'States.DataLimitExceeded';
  // The engine knows no such limit; Step Functions lets nothing catch or retry it.
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

/** What ended an execution. A Fail state says only that it was reached, so the step's failure that led there is told instead. */
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
