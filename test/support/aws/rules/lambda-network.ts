import { list, plain, type Statement } from '../../../template/template.ts';
import type { AwsRule } from './rules.ts';

/**
 * The actions that AWS's policy AWSLambdaENIManagementAccess allows on all resources; AWSLambdaVPCAccessExecutionRole has DescribeSubnets besides.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaENIManagementAccess.html
 */
export const NETWORK_ACTIONS = [
  'CreateNetworkInterface',
  'DescribeNetworkInterfaces',
  'DeleteNetworkInterface',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
  'DescribeSubnets',
] as const;

/** Lambda's look at the role of a function that is put into a network; `statements` are the role's. */
export function lambdaNetwork(statements: readonly Statement[]): AwsRule {
  return {
    name: 'lambda: the role of a function in a network may work on all interfaces',
    service: 'Lambda',
    commands: ['CreateFunction', 'UpdateFunctionConfiguration'],
    source:
      'https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: all resources, as `*/*`; hashicorp/terraform-provider-aws#20698: refused with network-interface/* and subnet/*',
    before({ input }) {
      const { SubnetIds = [] } = (input['VpcConfig'] ?? {}) as { SubnetIds?: readonly string[] };
      if (SubnetIds.length === 0) return undefined;
      const missing = NETWORK_ACTIONS.find((action) => !allowsAll(statements, `ec2:${action}`));
      if (!missing) return undefined;
      return {
        name: 'InvalidParameterValueException',
        message: `The provided execution role does not have permissions to call ${missing} on EC2`,
        status: 400,
      };
    },
  };
}

function allowsAll(statements: readonly Statement[], action: string): boolean {
  return statements.some(
    ({ Effect, Action, Resource, Condition }) =>
      Effect === 'Allow' &&
      Condition === undefined &&
      list(Action).includes(action) &&
      list(Resource).map(plain).some(isAll),
  );
}

/** `*`, or all resources of EC2 in a region of an account. */
function isAll(resource: string): boolean {
  return resource === '*' || /^arn:[\w-]+:ec2:[^:/]*:[^:/]*:\*\/\*$/.test(resource);
}
