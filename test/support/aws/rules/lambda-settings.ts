import type { AwsRule } from './rules.ts';

/** The limits of an account's functions; moto does not know the operation. */
export function accountSettings(limit: object | undefined): readonly AwsRule[] {
  return [
    {
      name: 'lambda: the settings of an account have the limit of its functions',
      service: 'Lambda',
      commands: ['GetAccountSettings'],
      source: 'https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html',
      before: () => ({ output: limit ? { AccountLimit: limit } : {} }),
    },
  ];
}
