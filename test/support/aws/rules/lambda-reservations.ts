import type { AwsRule } from './rules.ts';

/** An account with so many executions that no function has reserved. At least 100 have to stay so, or all of them where there are fewer; 0 takes nothing. */
export function lambdaReservations(unreserved: number): readonly AwsRule[] {
  const least = Math.min(100, unreserved);
  return [
    {
      name: 'lambda: some executions of an account stay unreserved',
      service: 'Lambda',
      commands: ['PutFunctionConcurrency'],
      source:
        'https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html; error and message as in https://github.com/milliHQ/terraform-aws-next-js/issues/251',
      before({ input }) {
        if (unreserved - Number(input['ReservedConcurrentExecutions']) >= least) return undefined;
        const message = `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${least}].`;
        return { name: 'InvalidParameterValueException', message, status: 400 };
      },
    },
  ];
}
