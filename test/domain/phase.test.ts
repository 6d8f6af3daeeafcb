import fc from 'fast-check';
import { isTerminal, mayMove, NEXT_PHASES, type Phase } from '#domain/phase.ts';

const phases = Object.keys(NEXT_PHASES) as Phase[];

describe('the phases of a deployment', () => {
  it.each([
    ['Admitted', 'Inspected'],
    ['Admitted', 'Waiting'],
    ['Waiting', 'Superseded'],
    ['Inspected', 'Rejected'],
    ['Provisioning', 'Ready'],
    ['Shifting', 'RollingBack'],
    ['Baking', 'Live'],
    ['RollingBack', 'RolledBack'],
  ] as const)('lead from %s to %s', (from, to) => {
    expect(mayMove(from, to)).toBe(true);
  });

  it.each([
    ['Inspected', 'Waiting'],
    ['Ready', 'Live'],
    ['Shifting', 'RolledBack'],
    ['Provisioning', 'RollingBack'],
    ['Baking', 'Shifting'],
    ['Live', 'Failed'],
    ['Ready', 'Ready'],
  ] as const)('do not lead from %s to %s', (from, to) => {
    expect(mayMove(from, to)).toBe(false);
  });

  it('end in one of six ways', () => {
    expect(phases.filter(isTerminal)).toEqual([
      'Live',
      'Rejected',
      'Ignored',
      'Superseded',
      'Failed',
      'RolledBack',
    ]);
  });

  it('let a deployment fail wherever it has not ended', () => {
    for (const phase of phases) expect(mayMove(phase, 'Failed')).toBe(!isTerminal(phase));
  });

  it('never come again, so that every way ends', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (choices) => {
        const seen: Phase[] = ['Admitted'];
        for (const choice of choices) {
          const next: readonly Phase[] = NEXT_PHASES[seen.at(-1)!];
          if (next.length === 0) return;
          const to = next[choice % next.length]!;
          expect(seen).not.toContain(to);
          seen.push(to);
        }
      }),
    );
  });
});
