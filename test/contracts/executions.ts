import type { Executions, WorkflowName } from '#ports/executions.ts';
import { eventually } from '../support/clock/eventually.ts';

const WORKFLOWS: readonly WorkflowName[] = ['deploy', 'promote', 'rollback', 'undeploy'];

export type ExecutionsUnderTest = {
  readonly executions: Executions;
  /** How many runs were started in all. */
  starts(): number;
  /** Brings every running execution to its end. */
  end(): Promise<void>;
};

/** The promises of every Executions. */
export function describeExecutions(name: string, open: () => ExecutionsUnderTest): void {
  describe(`${name} keeps the promises of Executions`, () => {
    it('runs what was started until it ends', async () => {
      const { executions, end } = open();

      await executions.start('deploy', 'digits-1', { a: 1 });
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

      await executions.start('deploy', 'digits-1', { a: 1 });
      await executions.start('deploy', 'digits-1', { a: 1 });
      await end();

      expect(starts()).toBe(1);
    });

    it('runs two executions side by side', async () => {
      const { executions, starts, end } = open();

      await executions.start('deploy', 'digits-1', {});
      await executions.start('rollback', 'shapes-1', {});
      const both = [await executions.isRunning('digits-1'), await executions.isRunning('shapes-1')];
      await end();

      expect(both).toEqual([true, true]);
      expect(starts()).toBe(2);
    });

    it.each(WORKFLOWS)('finds an execution of %s by its name alone', async (workflow) => {
      const { executions, end } = open();

      await executions.start(workflow, 'digits-1', {});
      const isRunning = await executions.isRunning('digits-1');
      await end();

      expect(isRunning).toBe(true);
    });

    it('refuses another input for a name that is running', async () => {
      const { executions, starts, end } = open();
      await executions.start('deploy', 'digits-1', { a: 1 });

      const started = executions.start('deploy', 'digits-1', { a: 2 });

      await expect(started).rejects.toMatchObject({ name: 'InputInvalid' });
      await end();
      expect(starts()).toBe(1);
    });

    it('ends what is stopped, and that alone', async () => {
      const { executions, end } = open();
      await executions.start('deploy', 'digits-1', {});
      await executions.start('undeploy', 'shapes-1', {});

      await executions.stop('digits-1');

      await eventually(async () => !(await executions.isRunning('digits-1')));
      expect(await executions.isRunning('shapes-1')).toBe(true);
      await end();
    });

    it('stops what has ended, or was never there, without a word', async () => {
      const { executions } = open();
      await executions.start('deploy', 'digits-1', {});
      await executions.stop('digits-1');

      await expect(executions.stop('digits-1')).resolves.toBeUndefined();
      await expect(executions.stop('digits-2')).resolves.toBeUndefined();
    });
  });
}
