import { describeExecutions } from '../../contracts/executions.ts';
import { memoryExecutions } from './executions.ts';

describeExecutions('memoryExecutions', () => {
  const executions = memoryExecutions();
  return {
    executions,
    starts: () => executions.started.length,
    async end() {
      for (const { name } of executions.started) executions.end(name);
    },
  };
});

it('an execution in memory has a name that no other gets, as on AWS', async () => {
  const executions = memoryExecutions();
  await executions.start('deploy', 'digits-1', {});
  executions.end('digits-1');

  await expect(executions.start('deploy', 'digits-1', {})).rejects.toMatchObject({
    name: 'InputInvalid',
  });
});
