import { describeExecutions } from '../contracts/executions.ts';
import { memoryExecutions } from './memory-executions.ts';

describeExecutions('memoryExecutions', () => {
  const executions = memoryExecutions();
  const names = new Set<string>();
  return {
    executions: {
      ...executions,
      async start(name, input) {
        names.add(name);
        await executions.start(name, input);
      },
    },
    starts: () => names.size,
    end: async () => names.forEach(executions.end),
  };
});
