import { type IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import type { AwsRule } from './rules.ts';

/** The calls that ECS refuses in an account without its service-linked role; `iam` is asked for the role. */
export function serviceRoleRules(iam: IAMClient): readonly AwsRule[] {
  return [
    {
      name: 'ecs: a cluster with capacity providers needs the service-linked role',
      service: 'ECS',
      commands: ['CreateCluster', 'PutClusterCapacityProviders'],
      source:
        'https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/818, https://github.com/aws-samples/run-selenium-tests-at-scale-using-ecs-fargate/issues/2',
      async before({ input }) {
        if (input['capacityProviders'] === undefined) return undefined;
        const PathPrefix = '/aws-service-role/ecs.amazonaws.com/';
        const { Roles = [] } = await iam.send(new ListRolesCommand({ PathPrefix }));
        if (Roles.length > 0) return undefined;
        return {
          name: 'InvalidParameterException',
          message:
            'Unable to assume the service linked role. Please verify that the ECS service linked role exists.',
          status: 400,
        };
      },
    },
  ];
}
