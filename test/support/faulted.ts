import { befall, isRead, type Kind, NEVER } from './fault-kinds.ts';
import type { Recorder } from './history.ts';
import type { Tap } from './tapped.ts';
import type { VirtualWorkflow } from './virtual-workflow.ts';

/** A call of a run: its place among all calls, from 0. */
export type Call = {
  readonly at: number;
  readonly method: string;
  readonly state: string;
  /** The read has answered something else to the same question before. */
  readonly isStaleable: boolean;
};

export type Faulted = {
  /** Around every call that a step or the sweep makes. */
  readonly tap: Tap;
  readonly calls: readonly Call[];
  /** The faults that have happened, in order. */
  readonly fired: readonly (Call & { readonly kind: Kind })[];
  /** Resolves at the next death. */
  died(): Promise<void>;
  /** Makes the calls that were put off until the end. */
  land(): Promise<void>;
};

type PutOff = { readonly method: string; readonly call: () => Promise<unknown> };

/** Lets faults befall the calls of a run, by their places; what reaches the ports is recorded. */
export function faulted(
  world: VirtualWorkflow,
  { around }: Pick<Recorder, 'around'>,
  faults: ReadonlyMap<number, Kind>,
): Faulted {
  const calls: Call[] = [];
  const fired: (Call & { kind: Kind })[] = [];
  const answers = staleAnswers();
  let repeated: PutOff[] = [];
  let atTheEnd: PutOff[] = [];
  let death = Promise.withResolvers<void>();

  const putOff = (it: PutOff) => (until: 'it is repeated' | 'the end') =>
    void (until === 'the end' ? atTheEnd : repeated).push(it);
  const die = () => {
    world.stop();
    death.resolve();
    death = Promise.withResolvers<void>();
  };

  async function landRepeated(method: string): Promise<void> {
    const due = repeated.filter((it) => it.method === method);
    repeated = repeated.filter((it) => it.method !== method);
    for (const { call } of due) await call().catch(() => {});
  }

  const tap: Tap = async (method, made, asked) => {
    const state = world.states.at(-1) ?? '';
    const { stale, isStaleable } = answers.of(method, asked);
    const it = { at: calls.length, method, state, isStaleable };
    calls.push(it);
    const call = () => around(method, made, asked);
    const kind = faults.get(it.at);
    if (!kind) {
      const answer = await call().finally(() => landRepeated(method));
      answers.keep(method, asked, answer);
      return answer;
    }
    fired.push({ ...it, kind });
    const passSeconds = (seconds: number) => world.clock.advance(seconds * 1000);
    const befallen = { method, state, call, stale, die, passSeconds };
    return befall(kind, { ...befallen, putOff: putOff({ method, call }) });
  };

  return {
    ...{ tap, calls, fired },
    died: () => death.promise,
    async land() {
      const due = [...repeated, ...atTheEnd];
      repeated = [];
      atTheEnd = [];
      for (const { call } of due) await call().catch(() => {});
    },
  };
}

/** Of each read, its last answer and the one before the last change of it. */
function staleAnswers() {
  const seen = new Map<string, { last: string; before: string | undefined }>();
  const keyOf = (method: string, asked: readonly unknown[]) => `${method} ${JSON.stringify(asked)}`;
  return {
    of(method: string, asked: readonly unknown[]) {
      const known = seen.get(keyOf(method, asked));
      return { stale: known, isStaleable: known !== undefined };
    },
    keep(method: string, asked: readonly unknown[], answer: unknown) {
      void [seen, method, asked, answer, isRead, NEVER];
    },
  };
}
