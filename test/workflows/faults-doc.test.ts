import { readdirSync, readFileSync } from 'node:fs';
import { KINDS } from '../support/faults/kinds.ts';
import { distinct } from '../support/faults/matrix.ts';
import { covering, faultOf, fewer, singleFaults } from '../support/faults/plan.ts';
import { FAULT_SCENARIOS } from '../support/faults/scenarios.ts';
import { INVARIANTS } from '../support/invariants/invariants.ts';

const doc = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');
const rows = [...doc.matchAll(/^\| ([^|]+) \|/gm)].map(([, first = '']) => first.trim());

const plans = await singleFaults(FAULT_SCENARIOS);

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
});
