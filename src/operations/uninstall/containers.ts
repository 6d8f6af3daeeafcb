import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { cloudWatchTaskLogs } from '#adapters/aws/ecs/cloudwatch-task-logs.ts';
import { findDefinition } from '#adapters/aws/ecs/definitions.ts';
import { removeUnusedCapacity } from '#adapters/aws/ecs/managed-capacity.ts';
import { ecsPlatform } from '#adapters/aws/ecs/platform.ts';
import type { EcsSettings } from '#adapters/aws/ecs/settings.ts';
import { systemClock } from '#adapters/clocks.ts';
import { Failure, failureName } from '#domain/failure.ts';
import { type AwsAccount, clientSettings } from '#operations/account/clients.ts';
import type { ContainerOutputs, SlipwayStack } from '#operations/account/stack.ts';

/** One revision of a model that runs in a container, or could start again there. */
export type ContainerRevision = { readonly revision: string; readonly model: string };

export type Containers = {
  /** All revisions of the stage, of any model. */
  revisions(): Promise<readonly ContainerRevision[]>;
  /** Removes a revision after checking by its tags that it belongs to the model; waits for its tasks to end. */
  remove(revision: ContainerRevision): Promise<void>;
  /** Removes the remaining resources of a model without revisions. */
  forget(model: string): Promise<void>;
  /** Removes the clusters and capacity providers of models on EC2 that are no longer in use. */
  removeCapacity(): Promise<void>;
};

// An uninstall's fence accepts every epoch.
const EPOCH = 0;
const LONGEST_MS = 15 * 60_000;
const waiting = { clock: systemClock, sleep: (ms: number) => sleep(ms) };

/** The containers of the stage's models; null when the stack has none. */
export function accountContainers(account: AwsAccount, stack: SlipwayStack): Containers | null {
  if (!stack.containers) return null;
  const targets = targetsOf(account, stack, stack.containers);
  return {
    async revisions() {
      const found = await Promise.all(targets.map(({ platform }) => platform.revisions()));
      return found.flat();
    },
    async remove({ revision, model }) {
      for (const { platform, ecs, settings } of targets) {
        const definition = await findDefinition(ecs, settings, revision);
        if (!definition) continue;
        requireOwn(definition.model, { revision, model });
        await patiently(() => platform.remove(revision, EPOCH));
      }
    },
    async forget(model) {
      for (const { platform } of targets) await platform.forget(model, EPOCH);
    },
    async removeCapacity() {
      for (const { ecs, settings } of targets) {
        await removeUnusedCapacity({ ecs, settings, ...waiting }, { emptyClusters: true });
      }
    },
  };
}

function targetsOf(
  account: AwsAccount,
  { outputs }: SlipwayStack,
  { Cluster, Listener }: ContainerOutputs,
) {
  const settings = clientSettings(account);
  const ecs = new ECSClient(settings);
  const common = {
    ecs,
    ...waiting,
    elb: new ElasticLoadBalancingV2Client(settings),
    autoScaling: new ApplicationAutoScalingClient(settings),
    logs: cloudWatchTaskLogs(new CloudWatchLogsClient(settings), outputs.ModelLogGroup),
    // All lease holders were stopped before.
    fence: { pass: async () => {} },
  };
  // Settings needed only to create resources are empty: here they are only removed.
  const nothing = { infrastructureRole: '', instanceProfile: '' };
  const capacities: readonly EcsSettings['capacity'][] = [
    { target: 'fargate', cluster: Cluster, assignPublicIp: false },
    { target: 'ec2', ...nothing },
  ];
  return capacities.map((capacity) => {
    const of: EcsSettings = {
      stage: account.stage,
      team: '',
      apiStage: outputs.ApiStage,
      listener: Listener,
      capacity,
      repository: outputs.Repository,
      logGroup: outputs.ModelLogGroup,
      corsOrigins: [],
      region: '',
      vpc: '',
      subnets: [],
      securityGroup: '',
      executionRole: '',
      provisioningSeconds: 0,
    };
    return { ecs, settings: of, platform: ecsPlatform({ ...common, settings: of }) };
  });
}

function requireOwn(tagged: string, { revision, model }: ContainerRevision): void {
  if (tagged === model) return;
  throw new Failure(
    'InputInvalid',
    `the task definition of ${revision} is not tagged as Slipway's; it is left alone`,
  );
}

/** Repeats a call, since each waits less than a minute for tasks, which have one minute to finish their requests and another to stop. */
async function patiently(remove: () => Promise<void>): Promise<void> {
  const endMs = performance.now() + LONGEST_MS;
  for (;;) {
    try {
      return await remove();
    } catch (error) {
      if (failureName(error) !== 'PlatformUnavailable' || performance.now() > endMs) throw error;
    }
    await sleep(1000);
  }
}
