import {
  CreateServiceLinkedRoleCommand,
  GetRoleCommand,
  type GetRoleCommandOutput,
  IAMClient,
  type IAMClientConfig,
} from '@aws-sdk/client-iam';
import { translated } from '#adapters/aws/failures.ts';
import { Failure, failureName } from '#domain/failure.ts';

export type ServiceRole = { readonly name: string; readonly service: string };

/**
 * The service-linked roles that containers need; an account has each once, for everything in it.
 * A service creates its role at first use, but ECS fails that first call: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818
 */
export const SERVICE_ROLES: readonly ServiceRole[] = [
  { name: 'AWSServiceRoleForECS', service: 'ecs.amazonaws.com' },
  { name: 'AWSServiceRoleForECSCompute', service: 'ecs-compute.amazonaws.com' },
  { name: 'AWSServiceRoleForElasticLoadBalancing', service: 'elasticloadbalancing.amazonaws.com' },
  {
    name: 'AWSServiceRoleForApplicationAutoScaling_ECSService',
    service: 'ecs.application-autoscaling.amazonaws.com',
  },
  // The role for hosts on Spot: the caller who starts an account's first one must be allowed to create the role. https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2565
  { name: 'AWSServiceRoleForEC2Spot', service: 'spot.amazonaws.com' },
  // The role for VPC links. https://docs.aws.amazon.com/apigateway/latest/developerguide/using-service-linked-roles.html
  { name: 'AWSServiceRoleForAPIGateway', service: 'ops.apigateway.amazonaws.com' },
];

/** The service roles that the account lacks. */
export async function missingServiceRoles(
  settings: IAMClientConfig,
): Promise<readonly ServiceRole[]> {
  const iam = new IAMClient(settings);
  const found = await Promise.all(
    SERVICE_ROLES.map(({ name }) =>
      translated(() => iam.send(new GetRoleCommand({ RoleName: name })).catch(unlessAbsent)),
    ),
  );
  return SERVICE_ROLES.filter((_, index) => found[index] === undefined);
}

/**
 * Creates the missing roles; it is fine if another caller creates one meanwhile. The template contains none of them: a stack fails to create an existing role, and its removal would delete a role that others use.
 * Fails with `PlatformDenied`, with the remedy, when the caller may not create them.
 */
export async function ensureServiceRoles(settings: IAMClientConfig): Promise<void> {
  const iam = new IAMClient(settings);
  for (const { name, service } of await missingServiceRoles(settings)) {
    const make = new CreateServiceLinkedRoleCommand({ AWSServiceName: service });
    await translated(() => iam.send(make).catch(unlessThere)).catch((cause: unknown) => {
      if (failureName(cause) !== 'PlatformDenied') throw cause;
      throw new Failure(
        'PlatformDenied',
        `${name} cannot be created: ${(cause as Error).message}`,
        {
          cause,
          fix: `Ask somebody with the permission to run \`${makeRole(service)}\`, or deploy with --param="containers=off".`,
        },
      );
    });
  }
}

export function makeRole(service: string): string {
  return `aws iam create-service-linked-role --aws-service-name ${service}`;
}

function unlessAbsent(error: unknown): GetRoleCommandOutput | undefined {
  if (error instanceof Error && error.name === 'NoSuchEntityException') return undefined;
  throw error;
}

// https://github.com/Rayraegah/terraform-aws-hasura/issues/17
function unlessThere(error: unknown): undefined {
  const isThere =
    error instanceof Error && /has been taken in this account|already exists/.test(error.message);
  if (!isThere) throw error;
}
