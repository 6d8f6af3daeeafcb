import { translated } from '#adapters/aws/failures.ts';
import { Failure, type FailureName } from '#domain/failure.ts';

// What the services refuse for good is the revision's end; what holds something a while longer is asked again.
// The names are those of the SDK's classes; ECS and Elastic Load Balancing count their quotas in the TooMany… and LimitExceeded ones.
const NAMES: Readonly<Record<string, FailureName>> = {
  // Of a cluster that was made a moment ago; where an absent one is an answer, it does not come here.
  ClusterNotFoundException: 'PlatformUnavailable',
  FailedResourceAccessException: 'PlatformDenied',
  InvalidParameterException: 'RevisionFailed',
  LimitExceededException: 'RevisionFailed',
  ResourceInUseException: 'PlatformUnavailable',
  TooManyRulesException: 'RevisionFailed',
  TooManyTargetGroupsException: 'RevisionFailed',
  TooManyUniqueTargetGroupsPerLoadBalancerException: 'RevisionFailed',
  UnsupportedFeatureException: 'RevisionFailed',
  UpdateInProgressException: 'PlatformUnavailable',
};

// A rule, a cluster or a provider that was made a moment ago is not seen everywhere yet, one name is free again when its service has drained, and a service whose count has just changed is not deleted at once.
const PASSING =
  /does not have an associated load balancer|still Draining|cannot be stopped while deployments are active|capacity provider .*(?:not found|not active|does not exist)/i;

/** One call of ECS, Elastic Load Balancing or Application Auto Scaling, with its errors translated. */
export function ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  return translated(() => call().catch(passing), NAMES);
}

function passing(cause: unknown): never {
  if (!(cause instanceof Error) || !PASSING.test(cause.message)) throw cause;
  throw new Failure('PlatformUnavailable', `${cause.name}: ${cause.message}`, { cause });
}

/** For a `catch`: undefined for an error of one of these names; any other is thrown. */
export function absentIf(...names: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof Error && names.includes(error.name)) return undefined;
    throw error;
  };
}
