import { readFileSync } from 'node:fs';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';

type Retrier = {
  ErrorEquals: string[];
  MaxAttempts?: number;
  JitterStrategy?: string;
  MaxDelaySeconds?: number;
};
type Catcher = { ErrorEquals: string[]; ResultPath?: string; Next: string };
type Rule = { Next: string; Variable?: string; And?: { Variable: string }[] };

/** A state as JSON, with the fields that tests look at. */
export type AslState = {
  Type: string;
  Comment?: string;
  Resource?: string;
  /** Of a step; a service task has its own. */
  Parameters?: { FunctionName: string; Payload: Record<string, unknown> };
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

const TEXT = readFileSync(new URL('../../statemachines/deploy.asl.json', import.meta.url), 'utf8');

/** The workflow that ships, as the engine takes it and as tests read it. */
export const deployAsl: StateMachineDefinition = JSON.parse(TEXT);
export const deployStates: Readonly<Record<string, AslState>> = JSON.parse(TEXT).States;
export const deployTimeoutSeconds: number = JSON.parse(TEXT).TimeoutSeconds;
export const deployText = TEXT;

/** A way from one state to the next; `by` is `Next`, `Catch`, `Default`, or the rule of a Choice by its number. */
export type Edge = { readonly from: string; readonly by: string; readonly to: string };

/** Every edge of the workflow. */
export function edges(): readonly Edge[] {
  return Object.entries(deployStates).flatMap(([from, state]) => [
    ...(state.Next ? [{ from, by: 'Next', to: state.Next }] : []),
    ...(state.Catch ?? []).map(({ Next: to }) => ({ from, by: 'Catch', to })),
    ...(state.Choices ?? []).map(({ Next: to }, rule) => ({ from, by: `rule ${rule}`, to })),
    ...(state.Default ? [{ from, by: 'Default', to: state.Default }] : []),
  ]);
}
