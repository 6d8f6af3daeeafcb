import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { AwsRule } from './rules.ts';

const SECOND_MS = 1_000;

/** The control plane takes so many requests a second, by the time that `now` tells (epoch ms). */
export function lambdaRate(now: () => number): readonly AwsRule[] {
  let recent: readonly number[] = [];

  return [
    {
      name: 'lambda: the control plane takes 15 requests a second',
      service: 'Lambda',
      commands: [
        'AddPermission',
        'CreateAlias',
        'CreateFunction',
        'DeleteAlias',
        'DeleteFunction',
        'GetAlias',
        'ListVersionsByFunction',
        'PublishVersion',
        'RemovePermission',
        'UpdateAlias',
        'UpdateFunctionCode',
        'UpdateFunctionConfiguration',
      ],
      source:
        'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests',
      before() {
        recent = [...recent.filter((atMs) => atMs > now() - SECOND_MS), now()];
        if (recent.length <= limits.controlPlaneRequestsPerSecond) return undefined;
        return { name: 'TooManyRequestsException', message: 'Rate exceeded', status: 429 };
      },
    },
  ];
}
