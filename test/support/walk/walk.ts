import { StateMachine } from 'aws-local-stepfunctions';
import { type StepName, workflow } from '#domain/workflow.ts';
import type { WorkflowName } from '#ports/executions.ts';
import { type Edge, type Machine, machines, statesOf } from './asl.ts';
import { type Act, BUILT, type BuildName, HAPPY, INPUTS, isBuild, type Script } from './script.ts';

export type { Script } from './script.ts';

export type Walk = {
  readonly states: readonly string[];
  readonly edges: readonly Edge[];
  readonly runs: Readonly<Record<string, number>>;
  readonly payloads: Readonly<Record<string, readonly unknown[]>>;
  readonly outcome: string;
  /** How many events Step Functions would keep of the run, of the 25,000 that one may have. */
  readonly historyEvents: number;
};

type Payloads = Record<string, unknown[]>;
type Logs = ReturnType<StateMachine['run']>['eventLogs'];

const engines = {
  deploy: engine(machines.deploy),
  promote: engine(machines.promote),
  rollback: engine(machines.rollback),
  undeploy: engine(machines.undeploy),
};

/** Walks a workflow that ships with scripted steps, and returns the states and edges it took. Waits and retries take no time. */
export async function walk(script: Script = {}, name: WorkflowName = 'deploy'): Promise<Walk> {
  const machine = machines[name];
  const payloads: Payloads = {};
  const run = engines[name].run(INPUTS[name], {
    overrides: {
      taskResourceLocalHandlers: handlersOf(machine, script, payloads),
      waitTimeOverrides: noTime(machine, 'Wait'),
      retryIntervalOverrides: noTime(machine, 'Task'),
    },
    context: { Execution: { Id: 'execution-1', Name: 'execution-1' } },
  });
  const outcome = await run.result.then(
    () => 'Succeeded',
    (error: Error) => (error.cause as Error).name,
  );
  const { states, edges } = await wayOf(machine, run.eventLogs);
  const runs = Object.fromEntries(
    Object.entries(payloads).map(([state, list]) => [state, list.length]),
  );
  return { states, edges, runs, payloads, outcome, historyEvents: historyOf(states, runs) };
}

function handlersOf(machine: Machine, script: Script, payloads: Payloads) {
  const record = (name: string, payload: unknown) => {
    payloads[name] = [...(payloads[name] ?? []), payload];
    return payloads[name].length - 1;
  };
  const step = (name: StepName) => async (parameters: unknown) => {
    const { input, output } = workflow[name];
    const payload = input.parse((parameters as { Payload: unknown }).Payload);
    const act = nth(script[name] ?? HAPPY[name], record(name, payload)) as Act<StepName>;
    if ('throws' in act) throw scripted(act.throws);
    const answer = 'unforeseen' in act ? (act.unforeseen as object) : output.parse(act);
    return { Payload: { ...answer } };
  };
  const build = (name: BuildName) => async (parameters: unknown) => {
    const act = nth(script[name] ?? BUILT, record(name, parameters));
    if ('throws' in act) throw scripted(act.throws, act.says);
    return JSON.parse(JSON.stringify(act));
  };
  const tasks = statesOf(machine, 'Task').map((name) => [
    name,
    isBuild(name) ? build(name) : step(name as StepName),
  ]);
  return Object.fromEntries(tasks);
}

function nth<Each extends object>(acts: Each | readonly Each[], run: number): Each {
  const list = ('length' in acts ? acts : [acts]) as readonly Each[];
  return list[Math.min(run, list.length - 1)]!;
}

function scripted(errorType: string, says?: string): Error {
  const cause = says ?? JSON.stringify({ errorType, errorMessage: `${errorType} was scripted` });
  return Object.assign(new Error(cause), { name: errorType });
}

async function wayOf(machine: Machine, logs: Logs) {
  const states: string[] = [];
  const edges: Edge[] = [];
  let caught = false;
  for await (const log of logs) {
    if (log.type === 'StateCaught') caught = true;
    if (log.type !== 'StateEntered') continue;
    const { name: to } = log.state;
    const from = states.at(-1);
    if (from !== undefined)
      edges.push({ from, by: caught ? 'Catch' : wayTo(machine, from, to), to });
    states.push(to);
    caught = false;
  }
  return { states, edges };
}

function wayTo({ states }: Machine, from: string, to: string): string {
  const { Next, Choices = [] } = states[from]!;
  if (Next === to) return 'Next';
  const rule = Choices.findIndex((choice) => choice.Next === to);
  return rule === -1 ? 'Default' : `rule ${rule}`;
}

// A run begins and ends with an event, a state is entered and exited, and each run of a task is scheduled, started and over.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
function historyOf(states: readonly string[], runs: Readonly<Record<string, number>>): number {
  const tasks = Object.values(runs).reduce((sum, count) => sum + count, 0);
  return 2 + 2 * states.length + 3 * tasks;
}

function engine({ definition }: Machine): StateMachine {
  return new StateMachine(definition, { validationOptions: { checkArn: false } });
}

/** Waits, or retries of tasks, that take no time. */
function noTime(machine: Machine, type: 'Wait' | 'Task'): Record<string, number> {
  return Object.fromEntries(statesOf(machine, type).map((name) => [name, 0]));
}
