import type { Executions } from '#ports/executions.ts';

export type ExecutionsUnderTest = {
  readonly executions: Executions;
  /** How many runs were started in all. */
  starts(): number;
  /** Brings every running execution to its end. */
  end(): Promise<void>;
};

/** What every Executions promises. */
export function describeExecutions(name: string, open: () => ExecutionsUnderTest): void {
  describe(`${name} keeps the promises of Executions`, () => {
    it('runs what was started until it ends', async () => {
      const { executions, end } = open();

      await executions.start('digits-1', { a: 1 });
      const isRunning = await executions.isRunning('digits-1');
      await end();

      expect(isRunning).toBe(true);
      expect(await executions.isRunning('digits-1')).toBe(false);
    });

    it('does not run what was never started', async () => {
      const { executions } = open();

      expect(await executions.isRunning('digits-1')).toBe(false);
    });

    it('takes a start of what is running for done', async () => {
      const { executions, starts, end } = open();

      await executions.start('digits-1', { a: 1 });
      await executions.start('digits-1', { a: 1 });
      await end();

      expect(starts()).toBe(1);
    });

    it('runs two executions side by side', async () => {
      const { executions, starts, end } = open();

      await executions.start('digits-1', {});
      await executions.start('shapes-1', {});
      const both = [await executions.isRunning('digits-1'), await executions.isRunning('shapes-1')];
      await end();

      expect(both).toEqual([true, true]);
      expect(starts()).toBe(2);
    });
  });
}
