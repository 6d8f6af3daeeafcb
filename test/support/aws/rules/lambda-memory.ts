import type { AwsRule } from './rules.ts';

/** The most memory (MB) of a new account's functions, which no API shows. */
export function lambdaMemory(mostMb: number): readonly AwsRule[] {
  return [
    {
      name: 'lambda: a function of a new account has little memory',
      service: 'Lambda',
      commands: ['CreateFunction', 'UpdateFunctionConfiguration'],
      source:
        'https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-deployment.html; with 512 in issues of at least four public projects, with 3008 in others',
      before({ input }) {
        if (Number(input['MemorySize'] ?? 0) <= mostMb) return undefined;
        const message = `'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to ${mostMb}`;
        return { name: 'InvalidParameterValueException', message, status: 400 };
      },
    },
  ];
}
