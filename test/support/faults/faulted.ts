import type { VirtualWorkflow } from '../worlds/virtual-workflow.ts';
import { befall, isRead, type Kind } from './kinds.ts';
import type { Tap } from './tapped.ts';

/** A call of a run: its place among all calls, from 0. */
export type Call = {
  readonly at: number;
  readonly method: string;
  readonly state: string;
  /** Whether the read has given another answer to the same question before; known only in a run without a fault. */
  readonly canBeStale: boolean;
};

export type Faulted = {
  /** Wraps every call that a step or the sweep makes. */
  readonly tap: Tap;
  readonly calls: readonly Call[];
  /** The faults that have happened, in order. */
  readonly fired: readonly (Call & { readonly kind: Kind })[];
  /** Resolves at the next death. */
  died(): Promise<void>;
  /** Makes the calls that were put off until the end. */
  land(): Promise<void>;
};

// Only these ports' answers can be stale: the store's versions never change, and a probe asks the server itself, not a copy.
const CAN_BE_STALE = [
  'registry.',
  'lambda.',
  'fargate.',
  'ec2.',
  'router.',
  'executions.',
  'environments.',
  'metrics.',
  'keptLines.',
];

type PutOff = { readonly method: string; readonly call: () => Promise<unknown> };

/** Injects faults into the calls of a run, by their places; records the calls that reach the ports. */
export function faulted(
  world: VirtualWorkflow,
  around: Tap,
  faults: ReadonlyMap<number, Kind>,
): Faulted {
  const calls: Call[] = [];
  const fired: (Call & { kind: Kind })[] = [];
  const answers = readAnswers();
  // In other runs nobody needs the earlier answers.
  const mayAskForStale = faults.size === 0 || [...faults.values()].includes('stale');
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

  async function finished(call: () => Promise<unknown>, method: string): Promise<unknown> {
    try {
      return await call();
    } finally {
      if (repeated.length > 0) await landRepeated(method);
    }
  }

  const tap: Tap = async (method, made, asked) => {
    const it = { at: calls.length, method, state: world.states.at(-1) ?? '' };
    calls.push({ ...it, canBeStale: false });
    const call = () => around(method, made, asked);
    const kind = faults.get(it.at);
    if (!kind) {
      const answer = await finished(call, method);
      if (!mayAskForStale) return answer;
      const canBeStale = answers.keep(method, asked, answer) !== undefined;
      calls[it.at] = { ...it, canBeStale };
      return answer;
    }
    fired.push({ ...it, canBeStale: kind === 'stale', kind });
    return befall(kind, {
      ...it,
      call,
      die,
      stale: (answer) => answers.keep(method, asked, answer) ?? [answer],
      passSeconds: (seconds) => world.clock.advance(seconds * 1000),
      putOff: putOff({ method, call }),
    });
  };

  return {
    tap,
    calls,
    fired,
    died: () => death.promise,
    async land() {
      const due = [...repeated, ...atTheEnd];
      repeated = [];
      atTheEnd = [];
      for (const { call } of due) await call().catch(() => {});
    },
  };
}

/** Keeps the last two different answers of each read to the same question. */
function readAnswers() {
  const seen = new Map<string, { readonly last: string; readonly before: string | undefined }>();
  return {
    /** Records an answer; returns the answer before its last change, in a list, or undefined when that is not known. */
    keep(method: string, asked: readonly unknown[], answer: unknown): [unknown] | undefined {
      if (!isRead(method) || !CAN_BE_STALE.some((port) => method.includes(port))) return undefined;
      const key = `${method} ${JSON.stringify(asked)}`;
      const text = JSON.stringify([answer]);
      const known = seen.get(key);
      const before = known?.last === text ? known.before : known?.last;
      seen.set(key, { last: text, before });
      return before === undefined ? undefined : JSON.parse(before).map(orUndefined);
    },
  };
}

// JSON has no undefined, and no answer that differs from others is null.
const orUndefined = (value: unknown) => value ?? undefined;
