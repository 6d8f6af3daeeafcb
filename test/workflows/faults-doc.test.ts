import { readFileSync } from 'node:fs';
import { KINDS } from '../support/fault-kinds.ts';
import { INVARIANTS } from '../support/invariants.ts';

const doc = readFileSync(new URL('../../docs/faults.md', import.meta.url), 'utf8');
const rows = [...doc.matchAll(/^\| ([^|]+) \|/gm)].map(([, first = '']) => first.trim());

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
});
