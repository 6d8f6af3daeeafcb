import { lambdaMemory } from '../aws/rules/lambda-memory.ts';
import { ruled } from './ruled.ts';

describe('the memory of a function in a new account', () => {
  const asked = (command: string, MemorySize?: number) =>
    ruled(lambdaMemory(512), `Lambda.${command}`, { FunctionName: 'f', MemorySize });

  it.each(['CreateFunction', 'UpdateFunctionConfiguration'])(
    'is refused by %s',
    async (command) => {
      expect(await asked(command, 513)).toBe('InvalidParameterValueException');
      expect(await asked(command, 512)).toBeUndefined();
      expect(await asked(command)).toBeUndefined();
    },
  );
});
