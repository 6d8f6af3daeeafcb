import { readdirSync, readFileSync } from 'node:fs';
import { isRead, KINDS, type Kind } from '../support/faults/kinds.ts';
import { distinct, isOrdered } from '../support/faults/matrix.ts';
import {
  carryOut,
  covering,
  faultOf,
  fewer,
  type Plan,
  singleFaults,
} from '../support/faults/plan.ts';
import { renamed } from '../support/faults/renamed.ts';
import type { FaultRun } from '../support/faults/run.ts';
import { FAULT_SCENARIOS } from '../support/faults/scenarios.ts';
import { again, SEED, seeded } from '../support/fuzz/seeded.ts';
import { INVARIANTS } from '../support/invariants/invariants.ts';

const doc = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');
const rows = [...doc.matchAll(/^\| ([^|]+) \|/gm)].map(([, first = '']) => first.trim());

const plans = await singleFaults(FAULT_SCENARIOS);
const SEEDS = [0, 1, 2, 3, 4, 5];
const READS_TRIED = 15;
const AGAIN = again('workflows/faults-doc');

/** The number in the line that begins so. */
function about(start: string): number {
  const line = doc.split('\n').find((it) => it.startsWith(start)) ?? '';
  return Number(/about ([\d,]*\d)/.exec(line)?.[1]?.replaceAll(',', ''));
}

describe('docs/faults.md', () => {
  it('lists every invariant that is judged, in order', () => {
    const listed = rows.filter((it) => /^I\d+$/.test(it));
    const judged = Object.keys(INVARIANTS).toSorted(
      (a, b) => Number(a.slice(1)) - Number(b.slice(1)),
    );

    expect(listed).toEqual(judged);
  });

  it.each(KINDS)('says what `%s` is', (kind) => {
    expect(rows.some((row) => row === kind || row.split(', ').includes(kind))).toBe(true);
  });

  it('says about how many runs there are', () => {
    const counts = [covering(fewer(plans), 0).length, distinct(plans).length];

    const told = [about('- `npm test` '), about('- `npm run test:matrix`')];

    const off = told.map((number, at) => Math.abs(number / counts[at]! - 1));
    expect({ counts, isClose: off.every((it) => it < 0.03) }).toEqual({ counts, isClose: true });
  });
});

describe('the matrix', () => {
  it.each(KINDS)('lets `%s` befall many calls', (kind) => {
    const own = distinct(plans).filter((plan) => faultOf(plan).kind === kind);

    expect(own.length).toBeGreaterThan(200);
  });

  it('has a file for each fault', () => {
    const files = readdirSync(new URL('../matrix/', import.meta.url));

    const due = KINDS.map((kind) => `${kind.replaceAll(/,? /g, '-')}.test.ts`);
    expect(files.toSorted()).toEqual([...due, 'pairs.test.ts'].toSorted());
  });

  it('has each run of `npm test`, whatever the seed: of EC2 the same on Fargate', () => {
    const made = new Set(distinct(plans).map(nameOf));
    const asMade = (plan: Plan) =>
      isOrdered(plan)
        ? nameOf(plan)
        : nameOf(plan).replaceAll('ec2', 'fargate').replaceAll('Ec2', 'Fargate');

    const everyday = SEEDS.flatMap((seed) => covering(fewer(plans), seed)).map(asMade);

    expect(everyday.filter((name) => !made.has(name))).toEqual([]);
  });

  it.each([
    ['`twice`, which', 'twice', null],
    ['`reply lost`, which', 'reply lost', 'error before'],
  ] as const)(
    'leaves out %s changes nothing at a read: every call, moment and event is as without it',
    async (_, kind, same) => {
      const random = seeded(SEED);
      // A loop repeats calls, so the effect of a lost answer may be seen before a second has passed or after it.
      const reads = distinct(plans).filter(isErrorAtRead);

      for (let tried = 0; tried < READS_TRIED; tried += 1) {
        const plan = reads[Math.floor(random() * reads.length)]!;
        const seen = seenIn(await runOf(plan, kind));
        const without = same ? await runOf(plan, same) : plan.reference;

        expect({ AGAIN, seen }).toEqual({ AGAIN, seen: seenIn(without) });
      }
    },
  );
});

function nameOf(plan: Plan): string {
  const { kind, method, state } = faultOf(plan);
  return [plan.scenario.name, plan.scenario.target, state, method, kind].join();
}

// A probed server sees each request, so probes do not count.
function isErrorAtRead(plan: Plan): boolean {
  const { kind, method } = faultOf(plan);
  return kind === 'error before' && isRead(method) && !method.startsWith('prober.');
}

async function runOf(plan: Plan, kind: Kind): Promise<FaultRun> {
  return (await carryOut({ ...plan, faults: [{ at: faultOf(plan).at, kind }] })).run;
}

/** The course of a run, except its number, which is in its payload, and except whether a read could be stale, which is noted only in runs without a fault. */
function seenIn(run: FaultRun): string {
  const calls = run.calls.map((call) => ({ ...call, canBeStale: false }));
  return renamed({ ...run, calls, fired: [], payloadBytes: 0 });
}
