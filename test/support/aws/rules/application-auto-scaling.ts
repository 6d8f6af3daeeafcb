import {
  DeleteScalingPolicyCommand,
  DeleteScheduledActionCommand,
  DescribeScalableTargetsCommand,
  DescribeScalingPoliciesCommand,
  DescribeScheduledActionsCommand,
  type PutScalingPolicyCommandInput,
} from '@aws-sdk/client-application-auto-scaling';
import {
  DescribeTargetGroupsCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { AwsCall, AwsRule } from './rules.ts';

const LABEL = /^(app\/[^/]+\/[^/]+)\/(targetgroup\/[^/]+\/[^/]+)$/;
// IANA names with a slash, and UTC. https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
const CRON = /^cron\(\d{1,2} \d{1,2} \? \* [A-Z,]+ \*\)$/;

/** The requirements of Application Auto Scaling for a policy by requests; `elb` is called past all rules. */
export function applicationAutoScalingRules(elb: ElasticLoadBalancingV2Client): readonly AwsRule[] {
  return [
    {
      name: 'application-auto-scaling: requests are counted of a target group of the load balancer that the label names',
      service: 'ApplicationAutoScaling',
      commands: ['PutScalingPolicy'],
      source: 'PredefinedMetricSpecification in @aws-sdk/client-application-auto-scaling',
      async before({ input }) {
        const { TargetTrackingScalingPolicyConfiguration: tracking } =
          input as unknown as PutScalingPolicyCommandInput;
        const metric = tracking?.PredefinedMetricSpecification;
        if (metric?.PredefinedMetricType !== 'ALBRequestCountPerTarget') return undefined;
        const [, balancer = '', group = ''] = LABEL.exec(metric.ResourceLabel ?? '') ?? [];
        const { TargetGroups = [] } = await elb.send(new DescribeTargetGroupsCommand({}));
        const found = TargetGroups.find(({ TargetGroupArn }) =>
          TargetGroupArn?.endsWith(`:${group}`),
        );
        const isOn = found?.LoadBalancerArns?.some((arn) => arn.endsWith(`/${balancer}`));
        if (isOn) return undefined;
        const message = `Invalid resource label: ${metric.ResourceLabel}`;
        return { name: 'ValidationException', message, status: 400 };
      },
    },
    {
      name: 'application-auto-scaling: what is not registered is not found',
      service: 'ApplicationAutoScaling',
      commands: ['DeregisterScalableTarget'],
      source:
        'ObjectNotFoundException of DeregisterScalableTarget in @aws-sdk/client-application-auto-scaling',
      async before(call) {
        const ResourceId = String(call.input['ResourceId']);
        if ((await targets(call, { ResourceIds: [ResourceId] })).length > 0) return undefined;
        const message = `No scalable target registered for ${ResourceId}`;
        return { name: 'ObjectNotFoundException', message, status: 400 };
      },
    },
    {
      name: 'application-auto-scaling: a target that is there takes no tags when it is registered again',
      service: 'ApplicationAutoScaling',
      commands: ['RegisterScalableTarget'],
      source:
        'https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/pull/420, which cites the refusal',
      async before(call) {
        if (call.input['Tags'] === undefined) return undefined;
        const ResourceIds = [String(call.input['ResourceId'])];
        if ((await targets(call, { ResourceIds })).length === 0) return undefined;
        const message =
          'The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.';
        return { name: 'ValidationException', message, status: 400 };
      },
    },
    {
      name: 'application-auto-scaling: a target that is there is tagged by its ARN',
      service: 'ApplicationAutoScaling',
      commands: ['TagResource'],
      source:
        'https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html',
      async before(call) {
        const ResourceARN = call.input['ResourceARN'];
        const found = await targets(call);
        if (found.some((target) => target.ScalableTargetARN === ResourceARN)) return { output: {} };
        const message = `No scalable target has the ARN ${ResourceARN}`;
        return { name: 'ResourceNotFoundException', message, status: 400 };
      },
    },
    {
      name: 'application-auto-scaling: policies and schedules go with their target',
      service: 'ApplicationAutoScaling',
      commands: ['DeregisterScalableTarget'],
      source:
        'https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html',
      async after({ input, send }) {
        const target = {
          ServiceNamespace: 'ecs',
          ResourceId: String(input['ResourceId']),
          ScalableDimension: 'ecs:service:DesiredCount',
        } as const;
        const { ScalingPolicies = [] } = await send(DescribeScalingPoliciesCommand, target);
        for (const { PolicyName } of ScalingPolicies) {
          await send(DeleteScalingPolicyCommand, { ...target, PolicyName });
        }
        const { ScheduledActions = [] } = await send(DescribeScheduledActionsCommand, target);
        for (const { ScheduledActionName } of ScheduledActions) {
          await send(DeleteScheduledActionCommand, { ...target, ScheduledActionName });
        }
        return undefined;
      },
    },
    {
      name: 'application-auto-scaling: a schedule is a cron expression of six fields',
      service: 'ApplicationAutoScaling',
      commands: ['PutScheduledAction'],
      source: 'Schedule of PutScheduledAction in @aws-sdk/client-application-auto-scaling',
      before({ input }) {
        const schedule = String(input['Schedule']);
        if (CRON.test(schedule)) return undefined;
        const message = `Schedule expression ${schedule} is not valid`;
        return { name: 'ValidationException', message, status: 400 };
      },
    },
  ];
}

async function targets({ send }: AwsCall, which: { readonly ResourceIds?: string[] } = {}) {
  const asked = { ServiceNamespace: 'ecs', ...which } as const;
  const { ScalableTargets = [] } = await send(DescribeScalableTargetsCommand, asked);
  return ScalableTargets;
}
