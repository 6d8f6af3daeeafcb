import fc from 'fast-check';
import { isOver, isTerminal, mayMove, NEXT_PHASES, type Phase } from '#domain/phase.ts';

const phases = Object.keys(NEXT_PHASES) as Phase[];

describe('the phases of a deployment', () => {
  it.each([
    ['Admitted', 'Inspected'],
    ['Admitted', 'Waiting'],
    ['Waiting', 'Superseded'],
    ['Admitted', 'Provisioning'],
    ['Waiting', 'Undeploying'],
    ['Inspected', 'Rejected'],
    ['Ready', 'Aborted'],
    ['Provisioning', 'Ready'],
    ['Shifting', 'RollingBack'],
    ['Baking', 'Shifting'],
    ['Baking', 'Live'],
    ['RollingBack', 'RolledBack'],
    ['Undeploying', 'Undeployed'],
  ] as const)('lead from %s to %s', (from, to) => {
    expect(mayMove(from, to)).toBe(true);
  });

  it.each([
    ['Inspected', 'Waiting'],
    ['Ready', 'Live'],
    ['Shifting', 'RolledBack'],
    ['Provisioning', 'RollingBack'],
    ['Shifting', 'Live'],
    ['Undeploying', 'RolledBack'],
    ['Live', 'Failed'],
    ['Shifting', 'Aborted'],
    ['RollingBack', 'Aborted'],
    ['Ready', 'Ready'],
  ] as const)('do not lead from %s to %s', (from, to) => {
    expect(mayMove(from, to)).toBe(false);
  });

  it('end in one of eight ways', () => {
    expect(phases.filter(isTerminal)).toEqual([
      'Live',
      'Rejected',
      'Ignored',
      'Superseded',
      'Aborted',
      'Failed',
      'RolledBack',
      'Undeployed',
    ]);
  });

  it('let a deployment fail wherever it has not ended', () => {
    for (const phase of phases) expect(mayMove(phase, 'Failed')).toBe(!isTerminal(phase));
  });

  it('never come again but for the steps of a shift, each of which is shifted and baked', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 50 }), (choices) => {
        const way = choices.reduce<readonly Phase[]>(goOn, ['Admitted']);
        const others = way.filter((phase) => phase !== 'Shifting' && phase !== 'Baking');

        expect(new Set(others).size).toBe(others.length);
      }),
    );
  });
});

function goOn(way: readonly Phase[], choice: number): readonly Phase[] {
  const next: readonly Phase[] = NEXT_PHASES[way.at(-1)!];
  return next.length === 0 ? way : [...way, next[choice % next.length]!];
}

it('a phase that only another Slipway knows is not over', () => {
  expect(['Live', 'Baking', 'Thawing', 'toString'].map(isOver)).toEqual([
    true,
    false,
    false,
    false,
  ]);
});
