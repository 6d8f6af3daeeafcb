import { isRead, KINDS, type Kind } from './fault-kinds.ts';
import { type FaultRun, faultRun, type Hearing } from './fault-run.ts';
import { FAULT_SCENARIOS, type FaultScenario } from './fault-scenarios.ts';
import type { Call } from './faulted.ts';
import { violations } from './invariants.ts';

/** One run of the matrix: what befalls which calls, by their places. */
export type Plan = {
  readonly scenario: FaultScenario;
  readonly reference: FaultRun;
  readonly faults: readonly { readonly at: number; readonly kind: Kind }[];
  readonly hearing: Hearing;
};

export type Outcome = { readonly run: FaultRun; readonly problems: readonly string[] };

/** Every call of every scenario, each with every fault that can befall it; of the probes that follow each other the first and the last. */
export async function singleFaults(
  scenarios: readonly FaultScenario[] = FAULT_SCENARIOS,
): Promise<readonly Plan[]> {
  const plans: Plan[] = [];
  for (const scenario of scenarios) {
    const reference = await faultRun(scenario, new Map());
    for (const call of distinct(reference.calls)) {
      for (const kind of KINDS.filter((it) => canBefall(it, call))) {
        const hearing = kind === 'crash after' ? 'untold' : 'told';
        plans.push({ scenario, reference, faults: [{ at: call.at, kind }], hearing });
      }
    }
  }
  return plans;
}

export async function carryOut({ scenario, reference, faults, hearing }: Plan): Promise<Outcome> {
  const planned = new Map(faults.map(({ at, kind }) => [at, kind]));
  const run = await faultRun(scenario, planned, hearing);
  const name = `${scenario.name} on ${scenario.target}, ${run.fired.map(told).join(', then ')}`;
  const missing = planned.size === run.fired.length ? [] : ['a planned fault has not happened'];
  const found = [...missing, ...violations({ run, reference })];
  return { run, problems: found.map((problem) => `${name}: ${problem}`) };
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

/** A read that is late changes nothing when it comes: an execution that dies with it is one that dies before it. */
function canBefall(kind: Kind, { method, canBeStale }: Call): boolean {
  if (kind === 'stale') return canBeStale;
  return kind !== 'late, taken over' || !isRead(method);
}
