import { readFileSync } from 'node:fs';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import type { WorkflowName } from '#ports/executions.ts';

type Retrier = {
  ErrorEquals: string[];
  MaxAttempts?: number;
  JitterStrategy?: string;
  MaxDelaySeconds?: number;
};
type Catcher = { ErrorEquals: string[]; ResultPath?: string; Next: string };
type Test = { Variable: string };
type Rule = { Next: string; Variable?: string; And?: (Test & { Not?: Test })[] };

/** A state as JSON, with the fields that tests look at. */
export type AslState = {
  Type: string;
  Comment?: string;
  Resource?: string;
  /** The Retry of a step; a service task has its own. */
  Parameters?: { FunctionName: string; Payload: Record<string, unknown>; ProjectName?: string };
  ResultSelector?: Record<string, unknown>;
  ResultPath?: string | null;
  SecondsPath?: string;
  TimeoutSeconds?: number;
  Retry?: Retrier[];
  Catch?: Catcher[];
  Choices?: Rule[];
  Default?: string;
  Next?: string;
  Error?: string;
  Cause?: string;
};

/** A state machine that ships, as the engine takes it and as tests read it. */
export type Machine = {
  readonly name: WorkflowName;
  readonly text: string;
  readonly definition: StateMachineDefinition;
  readonly startAt: string;
  readonly states: Readonly<Record<string, AslState>>;
  readonly timeoutSeconds: number;
};

export const machines: Readonly<Record<WorkflowName, Machine>> = {
  deploy: read('deploy'),
  promote: read('promote'),
  rollback: read('rollback'),
  undeploy: read('undeploy'),
};

export const MACHINES = Object.values(machines);

/** A way from one state to the next; `by` is `Next`, `Catch`, `Default`, or the rule of a Choice by its number. */
export type Edge = { readonly from: string; readonly by: string; readonly to: string };

/** Every edge of a state machine. */
export function edgesOf({ states }: Machine): readonly Edge[] {
  return Object.entries(states).flatMap(([from, state]) => [
    ...(state.Next ? [{ from, by: 'Next', to: state.Next }] : []),
    ...(state.Catch ?? []).map(({ Next: to }) => ({ from, by: 'Catch', to })),
    ...(state.Choices ?? []).map(({ Next: to }, rule) => ({ from, by: `rule ${rule}`, to })),
    ...(state.Default ? [{ from, by: 'Default', to: state.Default }] : []),
  ]);
}

/** The names of the states of a type. */
export function statesOf({ states }: Machine, type: string): readonly string[] {
  return Object.keys(states).filter((name) => states[name]?.Type === type);
}

function read(name: WorkflowName): Machine {
  const file = new URL(`../../../statemachines/${name}.asl.json`, import.meta.url);
  const text = readFileSync(file, 'utf8');
  const definition = JSON.parse(text);
  const { StartAt: startAt, States: states, TimeoutSeconds: timeoutSeconds } = definition;
  return { name, text, definition, startAt, states, timeoutSeconds };
}
