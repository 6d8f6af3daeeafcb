import { availableParallelism } from 'node:os';
import {
  availableMiB,
  machineBudgetMiB,
  STARTS_AT_ONCE,
} from '#operations/watch/machine-budget.ts';

const GIB = 1024 ** 3;

describe('the memory of all model servers together', () => {
  it.each([
    { where: 'a machine', limitBytes: 0, budgetMiB: 12 * 1024 },
    { where: 'a machine whose limit is none', limitBytes: 2 ** 63, budgetMiB: 12 * 1024 },
    { where: 'a container of 4 GiB', limitBytes: 4 * GIB, budgetMiB: 3 * 1024 },
  ])('is three quarters of $where', ({ limitBytes, budgetMiB }) => {
    expect(machineBudgetMiB(16 * GIB, limitBytes)).toBe(budgetMiB);
  });

  it('is some on this machine, where some candidate may start', () => {
    expect(machineBudgetMiB()).toBeGreaterThan(0);
    expect(STARTS_AT_ONCE).toBeGreaterThanOrEqual(1);
  });

  it('is taken by so few starts at once that half of the cores are left for what is live', () => {
    expect(STARTS_AT_ONCE).toBeLessThanOrEqual(Math.max(1, availableParallelism() / 2));
  });

  it('is left for a spare server as far as servers do not hold it, and the machine has it', () => {
    const use = { servers: 1, waiting: 0 };

    expect(availableMiB({ ...use, budgetMiB: 1_000, usedMiB: 900 })).toBe(100);
    expect(availableMiB({ ...use, budgetMiB: 2 ** 40, usedMiB: 0 })).toBeLessThan(2 ** 40);
  });
});
