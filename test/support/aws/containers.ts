import {
  CreateTargetGroupCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ContainerFront } from '#adapters/aws/ecs/container-front.ts';
import { targetGroupName } from '#adapters/aws/ecs/target-group-name.ts';
import { ecsNetwork } from './ecs-network.ts';
import type { Moto } from './moto.ts';

const STAGE = 'test';

/** A load balancer and the target groups of revisions, as a platform makes them, without the containers. */
export async function containersWorld(
  moto: Moto,
  elb: ElasticLoadBalancingV2Client,
  host = 'internal-slipway-test-1.us-east-1.elb.amazonaws.com',
) {
  const { vpc, listener } = await ecsNetwork(moto, elb);
  const front: ContainerFront = {
    stage: STAGE,
    listener,
    host,
    vpcLink: 'vpclink1',
  };
  const groups = new Map<string, string>();
  return {
    front,
    /** The ARNs of target groups, by revision. */
    groups,
    /** A revision with one target. */
    async start(revision: string, address: string): Promise<void> {
      const { TargetGroups = [] } = await elb.send(
        new CreateTargetGroupCommand({
          Name: targetGroupName(STAGE, revision),
          TargetType: 'ip',
          VpcId: vpc,
          Protocol: 'HTTP',
          Port: 8080,
          Tags: [
            { Key: 'slipway:stage', Value: STAGE },
            { Key: 'slipway:revision', Value: revision },
          ],
        }),
      );
      const TargetGroupArn = TargetGroups[0]?.TargetGroupArn ?? '';
      await elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [{ Id: address }] }));
      groups.set(revision, TargetGroupArn);
    },
  };
}
