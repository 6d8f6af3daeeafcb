import type { AwsRule } from './rules.ts';

const MAX_INPUT_BYTES = 262_144;

export const statesRules: readonly AwsRule[] = [
  {
    name: 'states: an execution’s input has at most 256 KiB',
    service: 'SFN',
    commands: ['StartExecution'],
    source: 'https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html',
    before({ input }) {
      if (Buffer.byteLength(String(input['input'] ?? '')) <= MAX_INPUT_BYTES) return undefined;
      const message = `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${MAX_INPUT_BYTES}`;
      return { name: 'ValidationException', message, status: 400 };
    },
  },
];
