import { deployStates, type Edge, edges } from './deploy-asl.ts';

/** One run of a Task's handler; `error` is the name of what it threw, or empty. */
export type Attempt = { readonly state: string; readonly error: string };

/** What one execution did, whoever ran it. */
export type Run = {
  readonly execution: string;
  /** Every state that it entered, in order. */
  readonly states: readonly string[];
  readonly attempts: readonly Attempt[];
  /** The largest payload or answer of a step, or input of a state where the engine tells. */
  readonly payloadBytes: number;
  /** How long the execution's history is, where there is one. */
  readonly historyEvents?: number;
};

/** The states that an execution entered, by the runs of its Tasks: the Choices and Waits between two Tasks are on the only way there is. */
export function statesOf(attempts: readonly Attempt[], end: string): readonly string[] {
  const last = attempts.filter(
    ({ state, error }, index) => !(error && attempts[index + 1]?.state === state),
  );
  return last.flatMap(({ state, error }, index) => {
    const to = last[index + 1]?.state ?? end;
    const out = edges().filter(({ from, by }) => from === state && (by === 'Catch') === !!error);
    const way = wayTo(
      to,
      out.map((edge) => [edge]),
    );
    return [state, ...way.map((edge) => edge.to).filter((each) => !isTask(each))];
  });
}

/** The shortest way to a state on which no Task is. */
function wayTo(to: string, ways: readonly (readonly Edge[])[]): readonly Edge[] {
  const found = ways.find((way) => way.at(-1)?.to === to);
  if (found) return found;
  const longer = ways.flatMap((way) => {
    const at = way.at(-1)?.to ?? '';
    return isTask(at) ? [] : edges().flatMap((edge) => (edge.from === at ? [[...way, edge]] : []));
  });
  if (longer.length === 0) throw new Error(`no way leads to ${to}`);
  return wayTo(to, longer);
}

function isTask(state: string): boolean {
  return deployStates[state]?.Type === 'Task';
}

/** What made a Task run again, by state. */
export function retried(attempts: readonly Attempt[]): Readonly<Record<string, readonly string[]>> {
  const errors: Record<string, readonly string[]> = {};
  for (const [index, { state, error }] of attempts.entries()) {
    if (error && attempts[index + 1]?.state === state) {
      errors[state] = [...(errors[state] ?? []), error];
    }
  }
  return errors;
}

export function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value ?? null));
}
