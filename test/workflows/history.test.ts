import { CONTAINERS_HOURS } from '#domain/placement/awaited-containers.ts';
import { APPROVAL_HOURS } from '#domain/promotion/approval.ts';
import { retrySeconds } from '#domain/registry/loops.ts';
import { APPROVAL_WAIT_SECONDS } from '#steps/await-approval.ts';
import { CONTAINERS_WAIT_SECONDS } from '#steps/await-containers.ts';
import { historyLength } from '../support/aws-world/paths.ts';
import { type AslState, MACHINES, type Machine } from '../support/walk/asl.ts';

// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
const LONGEST_HISTORY = 25_000;
// Room for steps that are tried again, three events for each try.
const FOR_RETRIES = 1_000;
// The schema of a manifest allows no more.
const MOST_SHIFTS = 10;
const A_SHIFT = [
  ...['ShiftTraffic', 'VerifyTraffic', 'IsTrafficVerified'],
  ...['Bake', 'JudgeBake', 'IsShiftDone'],
];

type Bound = { readonly Variable: string; readonly NumericLessThan?: number };
type Loop = { readonly counter: string; readonly most: number; readonly states: readonly string[] };

/** A Choice that goes round again only as long as a counter is below its bound: the wait, the step that looks, and the Choice itself. */
function loopsOf({ states }: Machine): readonly Loop[] {
  return Object.entries(states).flatMap(([choice, { Choices = [] }]) =>
    Choices.flatMap(({ And = [], Next }) => {
      const bound = (And as readonly Bound[]).find((each) => each.NumericLessThan !== undefined);
      if (!bound?.NumericLessThan) return [];
      const around = roundFrom(states, Next, choice);
      return [{ counter: bound.Variable, most: bound.NumericLessThan, states: around }];
    }),
  );
}

function roundFrom(
  states: Readonly<Record<string, AslState>>,
  from: string,
  to: string,
): readonly string[] {
  const next = states[from]?.Next;
  return from === to || !next ? [from] : [from, ...roundFrom(states, next, to)];
}

describe.each(MACHINES)('the history of $name', (machine) => {
  it('is shorter than what Step Functions keeps, however long each of its loops goes on', () => {
    const loops = loopsOf(machine);
    const inLoops = loops.map(({ states, most }) => most * (historyLength(machine, states) - 2));
    const onTheWay = historyLength(machine, Object.keys(machine.states));
    const shifts = MOST_SHIFTS * historyLength(machine, A_SHIFT);

    const events = inLoops.reduce((sum, each) => sum + each, onTheWay + shifts);

    process.stdout.write(`${machine.name}: at most ${events} events in ${loops.length} loops\n`);
    expect(loops.length).toBeGreaterThan(1);
    expect(events + FOR_RETRIES).toBeLessThan(LONGEST_HISTORY);
  });
});

it('an approval is looked for as long as anybody is waited for', () => {
  const promote = MACHINES.find(({ name }) => name === 'promote')!;
  const loop = loopsOf(promote).find(({ counter }) => counter === '$.approval.attempt')!;
  let waitsInAll = 0;

  for (let look = 0; look < loop.most; look += 1) {
    waitsInAll += retrySeconds(waitsInAll, APPROVAL_WAIT_SECONDS) * 1000;
  }

  expect(waitsInAll).toBeGreaterThan(APPROVAL_HOURS * 3_600_000);
});

it('containers are looked for as long as anybody is waited for', () => {
  const deploy = MACHINES.find(({ name }) => name === 'deploy')!;
  const loop = loopsOf(deploy).find(({ counter }) => counter === '$.containers.attempt')!;
  const { least, most } = CONTAINERS_WAIT_SECONDS;
  let waitsInAll = 0;

  for (let look = 1; look < loop.most; look += 1) {
    waitsInAll += Math.max(least, retrySeconds(waitsInAll, most)) * 1000;
  }

  expect(waitsInAll).toBeGreaterThan(CONTAINERS_HOURS * 3_600_000);
});
