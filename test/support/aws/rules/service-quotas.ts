import type { AwsRule } from './rules.ts';

type Quotas = Readonly<Record<string, number>>;

/** The quotas of an account by their codes: those that it has asked for, and the defaults; moto has none of Fargate. */
export function serviceQuotas({
  own = {},
  common = {},
}: {
  readonly own?: Quotas;
  readonly common?: Quotas;
}): readonly AwsRule[] {
  return [
    {
      name: 'service quotas: an account that asked for no other value has only the default',
      service: 'ServiceQuotas',
      commands: ['GetServiceQuota', 'GetAWSDefaultServiceQuota'],
      source:
        'https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html',
      before({ command, input }) {
        const code = String(input['QuotaCode']);
        const Value = (command === 'GetServiceQuota' ? own : common)[code];
        if (Value !== undefined) return { output: { Quota: { QuotaCode: code, Value } } };
        return {
          name: 'NoSuchResourceException',
          message: 'The specified resource does not exist',
          status: 400,
        };
      },
    },
  ];
}
