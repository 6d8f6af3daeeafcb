import type { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import type { AwsFence } from '#adapters/aws/registry/fence.ts';
import type { Waiting } from '#adapters/aws/waiting.ts';
import type { EcsSettings } from './settings.ts';

export type EcsPlatformOptions = Waiting & {
  readonly ecs: ECSClient;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly autoScaling: ApplicationAutoScalingClient;
  readonly logs: TaskLogs;
  readonly fence: AwsFence;
  readonly settings: EcsSettings;
};
