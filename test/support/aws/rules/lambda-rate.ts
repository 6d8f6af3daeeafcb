import limits from '#domain/data/lambda-limits.json' with { type: 'json' };
import type { AwsRule } from './rules.ts';

/** These commands share one quota; GetFunction, GetPolicy and invocations have their own. */
export const CONTROL_PLANE = [
  'AddPermission',
  'CreateAlias',
  'CreateFunction',
  'DeleteAlias',
  'DeleteFunction',
  'GetAlias',
  'GetFunctionConfiguration',
  'ListAliases',
  'ListFunctions',
  'ListVersionsByFunction',
  'PublishVersion',
  'RemovePermission',
  'TagResource',
  'UpdateAlias',
  'UpdateFunctionCode',
  'UpdateFunctionConfiguration',
] as const;

const SECOND_MS = 1_000;

/** The rate limit of the control plane, by the clock `now` (epoch ms): a bucket that holds a second's requests and fills by as many a second. `others` (requests a second) are somebody else's in the same account. */
export function lambdaRate(now: () => number, others = 0): readonly AwsRule[] {
  const most = limits.controlPlaneRequestsPerSecond;
  let left: number = most;
  let seenMs = now();

  return [
    {
      name: 'lambda: the control plane takes 15 requests a second',
      service: 'Lambda',
      commands: CONTROL_PLANE,
      source:
        'https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests',
      before() {
        const passedMs = Math.max(0, now() - seenMs);
        left = Math.min(most, left + (passedMs * (most - others)) / SECOND_MS);
        seenMs = now();
        if (left < 1)
          return { name: 'TooManyRequestsException', message: 'Rate exceeded', status: 429 };
        left -= 1;
        return undefined;
      },
    },
  ];
}
