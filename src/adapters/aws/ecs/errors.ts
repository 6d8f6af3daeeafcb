import { translated } from '#adapters/aws/failures.ts';
import { Failure, type FailureName } from '#domain/failure.ts';

// A permanent refusal fails the revision; a resource that is still in use for a while is retried.
// The names are those of the SDK's classes; quotas of ECS and Elastic Load Balancing fail with the TooMany… and LimitExceeded ones.
const NAMES: Readonly<Record<string, FailureName>> = {
  // A cluster that was just created; where an absent one is a valid answer, the error does not get here.
  ClusterNotFoundException: 'PlatformUnavailable',
  FailedResourceAccessException: 'PlatformDenied',
  InvalidParameterException: 'RevisionFailed',
  LimitExceededException: 'RevisionFailed',
  // A scalable target that was just registered. https://github.com/hashicorp/terraform-provider-aws/issues/427
  ObjectNotFoundException: 'PlatformUnavailable',
  ResourceInUseException: 'PlatformUnavailable',
  ResourceNotFoundException: 'PlatformUnavailable',
  TooManyRulesException: 'RevisionFailed',
  TooManyTargetGroupsException: 'RevisionFailed',
  TooManyUniqueTargetGroupsPerLoadBalancerException: 'RevisionFailed',
  UnsupportedFeatureException: 'RevisionFailed',
  UpdateInProgressException: 'PlatformUnavailable',
};

// A new resource is not visible everywhere yet, a service name is free only after draining, and a service whose count has just changed cannot be deleted at once.
const PASSING = new RegExp(
  [
    'does not have an associated load balancer',
    'still Draining',
    'cannot be stopped while deployments are active',
    'capacity provider .*(?:not found|not active|does not exist)',
    // Application Auto Scaling, of a new service. https://github.com/hashicorp/terraform-provider-aws/pull/11693
    "ECS service doesn't exist",
    // A new service-linked role, here as the Terraform provider retries it: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ecs/service.go
    'Unable to assume (?:the service linked role|role and validate|IAM role)',
  ].join('|'),
  'i',
);

/** Calls ECS, Elastic Load Balancing or Application Auto Scaling, and translates its errors. */
export function ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  return translated(() => call().catch(passing), NAMES);
}

function passing(cause: unknown): never {
  if (!(cause instanceof Error) || !PASSING.test(cause.message)) throw cause;
  throw new Failure('PlatformUnavailable', `${cause.name}: ${cause.message}`, { cause });
}

/** For a `catch`: undefined for an error with one of these names; rethrows any other. */
export function absentIf(...names: readonly string[]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof Error && names.includes(error.name)) return undefined;
    throw error;
  };
}
