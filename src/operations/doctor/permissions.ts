import {
  type EvaluationResult,
  GetRoleCommand,
  IAMClient,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { STSClient } from '@aws-sdk/client-sts';
import { translated } from '#adapters/aws/failures.ts';
import { failureName } from '#domain/failure.ts';
import { type AwsAccount, clientSettings, withCredentials } from '#operations/account/clients.ts';
import { identityOf } from '#operations/account/identity.ts';
import { fail, ok, warn } from './doctor.ts';

type Asked = { readonly on: string; readonly actions: readonly string[] };

/** Asks IAM whether the caller may create the resources of a deploy: an action of each kind, on a resource of this stage. No finding for the account's root user, who may do everything. */
export async function lookAtPermissions(account: AwsAccount, hasContainers: boolean) {
  const settings = clientSettings(account);
  const sts = new STSClient(settings);
  // IAM accepts few such requests a second.
  const iam = new IAMClient({ ...settings, maxAttempts: 6 });
  const { arn, account: id } = await withCredentials(() => identityOf(sts));
  const principal = await principalOf(iam, arn);
  if (!principal) return undefined;
  const place = {
    partition: arn.split(':')[1] ?? 'aws',
    region: await sts.config.region(),
    id,
    stack: `slipway-${account.stage}`,
  };
  const asked = [...makes(place), ...(hasContainers ? makesContainers(place) : [])];
  const print = `slipway deploy --stage ${account.stage} --print-policy`;
  try {
    const found = await Promise.all(
      asked.map(({ on, actions }) =>
        translated(() => iam.send(simulation(principal, { on, actions }))),
      ),
    );
    const denied = found
      .flatMap(({ EvaluationResults = [] }) => EvaluationResults)
      .filter(isDenied);
    if (denied.length === 0) return ok(`${principal} may make what a deploy makes`);
    const names = [...new Set(denied.map(({ EvalActionName }) => EvalActionName))];
    return fail(`${principal} may not ${names.join(', ')}${byWhom(denied)}`, giveRights(print));
  } catch (error) {
    // An unknown state is no reason to stop a deploy.
    const isRefused = failureName(error) === 'PlatformDenied';
    return isRefused
      ? warn(
          `${principal} may not ask IAM what it may do (iam:SimulatePrincipalPolicy)`,
          giveRights(print),
        )
      : warn(`IAM did not say what ${principal} may do: ${(error as Error).message}`, '');
  }
}

function giveRights(print: string): string {
  return `Have an administrator attach the policy that \`${print}\` prints.`;
}

function simulation(PolicySourceArn: string, { on, actions }: Asked) {
  const ActionNames = [...actions];
  return new SimulatePrincipalPolicyCommand({ PolicySourceArn, ActionNames, ResourceArns: [on] });
}

/** A decision that depends on context missing from the request, such as a second factor, does not count as a denial. */
function isDenied({ EvalDecision, MissingContextValues = [] }: EvaluationResult): boolean {
  return EvalDecision !== 'allowed' && MissingContextValues.length === 0;
}

function byWhom(denied: readonly EvaluationResult[]): string {
  const isOrganization = denied.some(
    ({ OrganizationsDecisionDetail }) =>
      OrganizationsDecisionDetail?.AllowedByOrganizations === false,
  );
  if (isOrganization) return ', by a policy of the organization';
  const isBoundary = denied.some(
    ({ PermissionsBoundaryDecisionDetail: detail }) =>
      detail?.AllowedByPermissionsBoundary === false,
  );
  return isBoundary ? ', by its permissions boundary' : '';
}

/** The user, or the role of a session, whose ARN does not include the role's path. */
async function principalOf(iam: IAMClient, arn: string): Promise<string | undefined> {
  const session = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn);
  if (!session) return /:user\//.test(arn) ? arn : undefined;
  const [, partition, id, name = ''] = session;
  const role = await iam.send(new GetRoleCommand({ RoleName: name })).catch(() => undefined);
  return role?.Role?.Arn ?? `arn:${partition}:iam::${id}:role/${name}`;
}

type Place = {
  readonly partition: string;
  readonly region: string;
  readonly id: string;
  readonly stack: string;
};

function makes({ partition, region, id, stack }: Place): readonly Asked[] {
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${id}:${resource}`;
  const role = `arn:${partition}:iam::${id}:role/${stack}-x`;
  return [
    {
      on: arn('cloudformation', `stack/${stack}/x`),
      actions: ['CreateStack', 'UpdateStack', 'CreateChangeSet'].map(
        (name) => `cloudformation:${name}`,
      ),
    },
    { on: role, actions: ['iam:CreateRole', 'iam:PutRolePolicy', 'iam:PassRole'] },
    { on: `arn:${partition}:s3:::${stack}-x`, actions: ['s3:CreateBucket', 's3:PutBucketPolicy'] },
    { on: arn('dynamodb', `table/${stack}-x`), actions: ['dynamodb:CreateTable'] },
    { on: arn('lambda', `function:${stack}-x`), actions: ['lambda:CreateFunction'] },
    { on: arn('states', `stateMachine:${stack}-x`), actions: ['states:CreateStateMachine'] },
    { on: arn('codebuild', `project/${stack}-x`), actions: ['codebuild:CreateProject'] },
    { on: arn('ecr', `repository/${stack}`), actions: ['ecr:CreateRepository'] },
    { on: arn('events', `event-bus/${stack}`), actions: ['events:CreateEventBus'] },
    { on: arn('events', `rule/${stack}/${stack}-x`), actions: ['events:PutRule'] },
    { on: arn('sqs', `${stack}-x`), actions: ['sqs:CreateQueue'] },
    { on: arn('sns', `${stack}-x`), actions: ['sns:CreateTopic'] },
    { on: arn('logs', `log-group:/aws/lambda/${stack}-x`), actions: ['logs:CreateLogGroup'] },
    {
      on: arn('firehose', `deliverystream/amazon-apigateway-${stack}`),
      actions: ['firehose:CreateDeliveryStream'],
    },
    { on: arn('cloudwatch', `alarm:${stack}-x`), actions: ['cloudwatch:PutMetricAlarm'] },
    { on: `arn:${partition}:apigateway:${region}::/restapis`, actions: ['apigateway:POST'] },
    { on: '*', actions: ['ec2:CreateVpc', 'ec2:CreateSubnet', 'ec2:CreateSecurityGroup'] },
  ];
}

function makesContainers({ partition, region, id, stack }: Place): readonly Asked[] {
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${id}:${resource}`;
  return [
    { on: arn('ecs', `cluster/${stack}`), actions: ['ecs:CreateCluster'] },
    {
      on: arn('elasticloadbalancing', `loadbalancer/app/${stack}/x`),
      actions: ['elasticloadbalancing:CreateLoadBalancer'],
    },
    { on: '*', actions: ['ec2:CreateVpcEndpoint', 'route53:AssociateVPCWithHostedZone'] },
  ];
}
