import type { AwsRule, Refusal } from './rules.ts';

// The refusals of AWS in new accounts, in its own words: no quota and no call shows them beforehand. Beside these: lambda-memory.ts, lambda-rate.ts, and codebuild.ts with no builds at all.

/** Reported in these words by 8 public repositories, while Service Quotas shows 50. */
export const NO_LOAD_BALANCERS: Refusal = {
  name: 'OperationNotPermitted',
  message:
    'This AWS account currently does not support creating load balancers. For more information, please contact AWS Support.',
  status: 400,
};

/** The failure of a resource in CloudFormation's wording. */
export function asReason({ name, message }: Refusal): string {
  return `${name}: ${message}`;
}

/** A service that the account's plan lacks, or whose sign-up is not finished. */
export const NOT_SUBSCRIBED: Refusal = {
  name: 'SubscriptionRequiredException',
  message: 'The AWS Access Key Id needs a subscription for the service',
  status: 400,
};

/** A new account that may make no load balancer. */
export function withoutLoadBalancers(): readonly AwsRule[] {
  return [
    {
      name: 'elbv2: a new account may make no load balancer',
      service: 'ElasticLoadBalancingV2',
      commands: ['CreateLoadBalancer'],
      source: 'issues of 8 public repositories have these words: docs/aws-evidence.md',
      before: () => NO_LOAD_BALANCERS,
    },
  ];
}

/** An account on the Free plan without this service; `commands` are those of it that are asked. */
export function withoutService(service: string, commands: readonly string[]): readonly AwsRule[] {
  return [
    {
      name: `${service}: not in the account's plan`,
      service,
      commands,
      source:
        'https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/free-tier-plans.html; the name is that of the errors of accounts without a finished sign-up',
      before: () => NOT_SUBSCRIBED,
    },
  ];
}
