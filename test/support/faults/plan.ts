import { mechanismOf } from '#domain/placement/target.ts';
import { violations } from '../invariants/invariants.ts';
import type { Call } from './faulted.ts';
import { isRead, KINDS, type Kind } from './kinds.ts';
import { type FaultRun, faultRun } from './run.ts';
import type { FaultScenario } from './scenarios.ts';

/** One run of the matrix: the faults, by the places of the calls that they hit. */
export type Plan = {
  readonly scenario: FaultScenario;
  readonly reference: FaultRun;
  readonly faults: readonly { readonly at: number; readonly kind: Kind }[];
};

export type Outcome = { readonly run: FaultRun; readonly problems: readonly string[] };

/** Every call of every scenario and of the sweep after it, each with every fault that can hit it; only the first and the last of probes that follow each other. */
export async function singleFaults(scenarios: readonly FaultScenario[]): Promise<readonly Plan[]> {
  const plans: Plan[] = [];
  for (const scenario of scenarios) {
    const reference = await faultRun(scenario);
    const { within } = scenario;
    const isHit = ({ state }: Call) => !within || within.some((it) => it === state);
    for (const call of distinct(reference.calls).filter(isHit)) {
      for (const kind of KINDS.filter((it) => canBefall(it, call))) {
        plans.push({ scenario, reference, faults: [{ at: call.at, kind }] });
      }
    }
  }
  return plans;
}

/** Keeps the first of the faults of one kind at the same call in the same state and, where that changes something, the last: a loop makes the same calls again. */
export function fewer(plans: readonly Plan[]): readonly Plan[] {
  const groups = Map.groupBy(plans, (plan) => {
    const { kind, method, state } = faultOf(plan);
    return [plan.scenario.name, plan.scenario.target, state, method, kind].join();
  });
  return [...groups.values()].flatMap(([first, ...more]) => {
    const last = more.at(-1);
    return last && !isRead(faultOf(last).method) ? [first!, last] : [first!];
  });
}

/** Keeps one of the faults of one kind at the same call in the same state on either target of a mechanism, in any scenario; at a read, one of the kinds that its caller treats alike. The seed chooses which. */
export function covering(plans: readonly Plan[], seed: number): readonly Plan[] {
  const groups = Map.groupBy(plans, (plan) => {
    const { kind, method, state } = faultOf(plan);
    const called = [onAny(state), onAny(method)];
    const alike = isRead(method) ? ALIKE.find((kinds) => kinds.includes(kind)) : undefined;
    return [mechanismOf(plan.scenario), ...called, ...(alike ?? [kind])].join();
  });
  return [...groups.values()].map((group, index) => group[(seed + index) % group.length]!);
}

// A step whose read fails is tried again, and so is an execution that died; the remains of a change differ between these.
const ALIKE: readonly (readonly Kind[])[] = [
  ['error before', 'throttled', 'late'],
  ['crash before', 'crash after'],
];

/** The name of a state or a call without the container's target. */
const onAny = (name: string) => name.replace(/fargate|ec2/i, 'container');

export function faultOf({ reference, faults }: Plan): Call & { readonly kind: Kind } {
  const { at, kind } = faults[0]!;
  return { ...reference.calls[at]!, kind };
}

// The second fault may hit work that follows the first: another execution of the deployment, or a sweep.
const FARTHEST = 60;

/** Makes so many pairs of faults: one of the plans, and another fault up to 60 calls after it. */
export function pairsOf(plans: readonly Plan[], count: number, random: () => number): Plan[] {
  const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)] as Item;
  // A stale answer depends on the answers before it, which the first fault changes.
  const kinds = KINDS.filter((kind) => kind !== 'stale');
  return Array.from({ length: count }, () => {
    const { scenario, reference, faults } = pick(plans);
    const at = (faults[0]?.at ?? 0) + 1 + Math.floor(random() * FARTHEST);
    return { scenario, reference, faults: [...faults, { at, kind: pick(kinds) }] };
  });
}

export async function carryOut({ scenario, reference, faults }: Plan): Promise<Outcome> {
  const isSingle = faults.length === 1;
  const has = (kind: Kind) => faults.some((fault) => fault.kind === kind);
  const befalling = new Map(faults.map(({ at, kind }) => [at, kind]));
  const run = await withoutStacks(() =>
    faultRun(scenario, { faults: befalling, isHeard: !has('crash after') }),
  );
  // A stale read may end a deployment that would have gone live, and so may two faults of which neither would alone.
  const found = violations({ run, reference, isSame: isSingle && !has('stale') });
  const hasHappened = run.fired[0]?.at === faults[0]?.at;
  const name = `${scenario.name} on ${scenario.target}, ${run.fired.map(told).join(', then ')}`;
  return {
    run,
    problems: [...(hasHappened ? [] : ['the planned fault has not happened']), ...found].map(
      (problem) => `${name}: ${problem}`,
    ),
  };
}

// The engine's JSONPath makes an error for each path that it reads: their stacks are an eighth of a run.
async function withoutStacks<Answer>(run: () => Promise<Answer>): Promise<Answer> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const told = ({ kind, method, state, at }: Call & { readonly kind: Kind }) =>
  `${kind} at ${method} (call ${at}) in ${state}`;

function distinct(calls: readonly Call[]): readonly Call[] {
  const follow = (a: Call | undefined, b: Call | undefined) =>
    a?.method === 'prober.send' && b?.method === 'prober.send' && a.state === b.state;
  return calls.filter(
    (call, index) => !follow(calls[index - 1], call) || !follow(call, calls[index + 1]),
  );
}

/**
 * A read that is late changes nothing when it comes: an execution that dies with it is one that dies before it.
 * A read that is made twice equals one without a fault, and one whose answer is lost equals one that was never made (test/workflows/faults-doc.test.ts); but a probed server sees each request.
 */
function canBefall(kind: Kind, { method, canBeStale }: Call): boolean {
  if (kind === 'stale') return canBeStale;
  if (!isRead(method)) return true;
  if (NEED_A_CHANGE.includes(kind)) return method.startsWith('prober.');
  return kind !== 'late, taken over';
}

const NEED_A_CHANGE: readonly Kind[] = ['reply lost', 'twice'];
