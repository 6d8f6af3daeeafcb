import { lambdaReservations } from '../aws/rules/lambda-reservations.ts';
import { ruled } from './ruled.ts';

it.each([
  [1000, 901, true],
  [1000, 900, false],
  [10, 1, true],
  [10, 0, false],
])(
  'of %i executions that nobody has reserved, reserving %i is refused: %s',
  async (unreserved, most, isRefused) => {
    const asked = { FunctionName: 'digits', ReservedConcurrentExecutions: most };

    expect(
      await ruled(lambdaReservations(unreserved), 'Lambda.PutFunctionConcurrency', asked),
    ).toBe(isRefused ? 'InvalidParameterValueException' : undefined);
  },
);
