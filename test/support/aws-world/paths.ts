import { type Edge, edgesOf, type Machine } from '../walk/asl.ts';

/** One run of a Task's handler; `error` is the name of its error, or empty. */
export type Attempt = { readonly state: string; readonly error: string };

/** The course of one execution, whichever engine ran it. */
export type Run = {
  readonly execution: string;
  /** Every state that it entered, in order. */
  readonly states: readonly string[];
  readonly attempts: readonly Attempt[];
  /** The largest payload or answer of a step, or input of a state where the engine records it. */
  readonly payloadBytes: number;
  /** How long the execution's history is, or would be in Step Functions. */
  readonly historyEvents: number;
};

/** The states that an execution entered, by the runs of its Tasks: the Choices and Waits between two Tasks are on the only way there is. */
export function statesOf(
  machine: Machine,
  attempts: readonly Attempt[],
  end: string,
): readonly string[] {
  const last = attempts.filter(
    ({ state, error }, index) => !(error && attempts[index + 1]?.state === state),
  );
  return last.flatMap(({ state, error }, index) => {
    const to = last[index + 1]?.state ?? end;
    const out = edgesOf(machine).filter(
      ({ from, by }) => from === state && (by === 'Catch') === !!error,
    );
    const way = wayTo(
      machine,
      to,
      out.map((edge) => [edge]),
    );
    return [state, ...way.map((edge) => edge.to).filter((each) => !isTask(machine, each))];
  });
}

/** The shortest way to a state on which no Task is. */
function wayTo(machine: Machine, to: string, ways: readonly (readonly Edge[])[]): readonly Edge[] {
  const found = ways.find((way) => way.at(-1)?.to === to);
  if (found) return found;
  const longer = ways.flatMap((way) => {
    const at = way.at(-1)?.to ?? '';
    if (isTask(machine, at)) return [];
    return edgesOf(machine).flatMap((edge) => (edge.from === at ? [[...way, edge]] : []));
  });
  if (longer.length === 0) throw new Error(`no way leads to ${to}`);
  return wayTo(machine, to, longer);
}

function isTask({ states }: Machine, state: string): boolean {
  return states[state]?.Type === 'Task';
}

// The number of events that an execution's history has for each type of state. https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
const EVENTS: Readonly<Record<string, number>> = {
  Task: 5,
  Choice: 2,
  Wait: 2,
  Succeed: 2,
  Fail: 1,
};

/** How long the history of an execution is that entered these states, without the tries of a step after its first. */
export function historyLength({ states }: Machine, entered: readonly string[]): number {
  return entered.reduce((sum, name) => sum + (EVENTS[states[name]?.Type ?? ''] ?? 0), 2);
}

const ANOTHER_LOOK = ['WaitForTraffic', 'VerifyTraffic', 'IsTrafficVerified'];

/** The same way with one look at traffic that has moved: an alias is given a second, and how many looks that takes is a matter of time. */
export function withOneLook(states: readonly string[]): readonly string[] {
  const at = states.indexOf('WaitForTraffic');
  if (at === -1) return states;
  const rest = states.slice(at);
  const isLook = ANOTHER_LOOK.every((state, index) => rest[index] === state);
  if (!isLook) throw new Error(`a wait for traffic leads to ${rest[1]}`);
  return withOneLook([...states.slice(0, at), ...rest.slice(ANOTHER_LOOK.length)]);
}

/** The errors that made a Task run again, by state. */
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
