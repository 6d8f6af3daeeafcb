import type { StepRun, WorkflowGraph } from './api.ts';

/** A state of the picture: how it went, and how long all its runs took together. */
export type Station = {
  readonly name: string;
  readonly comment: string;
  readonly state: 'done' | 'runs' | 'failed' | 'skipped' | 'ahead';
  readonly runs: number;
  readonly startedAtMs: number | null;
  readonly tookMs: number;
  readonly error: string | null;
};

type Now = {
  readonly nowMs: number;
  readonly hasEnded: boolean;
  /** Its failure by name, empty for none. */
  readonly trouble?: string;
};

/** States that do something; choices only lead on. */
const WORKS = ['Task', 'Wait'];

/**
 * The stations of a deployment in their order: the workflow's way when all goes well, and in it the states that ran beside that way, such as a wait or the steps after a failure.
 * A station of the way that a later one has overtaken was not needed.
 */
export function stationsOf(
  graph: WorkflowGraph,
  steps: readonly StepRun[],
  { nowMs, hasEnded, trouble = '' }: Now,
): readonly Station[] {
  const known = new Map(graph.states.map((state) => [state.name, state]));
  const works = (name: string) => WORKS.includes(known.get(name)?.type ?? '');
  const ran = [...new Set(steps.map(({ state }) => state))].filter(works);
  const way = wayOf(graph).filter(
    (name) => works(name) && (known.get(name)?.type === 'Task' || ran.includes(name)),
  );
  const order = merged(way, ran);
  // A step after a failure leaves the way: the later states of the way are not reached any more.
  const left = order.findIndex((name) => !way.includes(name) && known.get(name)?.type === 'Task');
  const last = Math.max(-1, ...ran.map((name) => order.indexOf(name)));
  // Nothing is to come once it has ended.
  const reached = (hasEnded && last >= 0 ? order.slice(0, last + 1) : order).filter(
    (name, index) => left === -1 || index < left || ran.includes(name),
  );
  // A step that finds a fault answers, and the way goes elsewhere from there.
  const fault =
    trouble && left > 0 ? order.slice(0, left).findLast((name) => ran.includes(name)) : '';
  return reached.map((name, index) => {
    const runs = steps.filter(({ state }) => state === name);
    const newest = runs.at(-1);
    return {
      name,
      comment: known.get(name)?.comment ?? '',
      state:
        name === fault
          ? 'failed'
          : newest
            ? ranAs(newest, hasEnded)
            : index < last || hasEnded
              ? 'skipped'
              : 'ahead',
      runs: runs.length,
      startedAtMs: runs[0]?.startedAtMs ?? null,
      tookMs: runs.reduce(
        (sum, { startedAtMs, endedAtMs }) =>
          sum + ((endedAtMs ?? (hasEnded ? startedAtMs : nowMs)) - startedAtMs),
        0,
      ),
      error: newest?.error ?? (name === fault ? trouble : null),
    };
  });
}

function ranAs({ endedAtMs, error }: StepRun, hasEnded: boolean): 'runs' | 'failed' | 'done' {
  if (endedAtMs === null && !hasEnded) return 'runs';
  return error ? 'failed' : 'done';
}

/** The longest way from the start to a good end, without going back: each state that can be on the way is. */
export function wayOf({ startAt, states }: WorkflowGraph): readonly string[] {
  const known = new Map(states.map((state) => [state.name, state]));
  const best = new Map<string, readonly string[]>();
  const from = (name: string, on: ReadonlySet<string>): readonly string[] => {
    const done = best.get(name);
    if (done) return done;
    const state = known.get(name);
    if (!state || on.has(name) || state.type === 'Fail') return [];
    if (state.type === 'Succeed') return [name];
    const within = new Set([...on, name]);
    let longest: readonly string[] = [];
    for (const next of state.next) {
      const way = from(next, within);
      if (way.length > longest.length) longest = way;
    }
    const found = longest.length > 0 ? [name, ...longest] : [];
    best.set(name, found);
    return found;
  };
  return from(startAt, new Set());
}

/** Puts each state that ran beside the way after the state that ran before it. */
function merged(way: readonly string[], ran: readonly string[]): readonly string[] {
  const order = [...way];
  ran.forEach((name, index) => {
    if (order.includes(name)) return;
    const before = ran[index - 1];
    order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, name);
  });
  return order;
}

/** A state's name in words: `BuildEnvironment` is `Build environment`. */
export function inWords(name: string): string {
  const words = name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
