import {
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { awsClient } from './clients.ts';
import type { Moto } from './moto.ts';

/** Moto's default network with a load balancer in it, whose listener answers 404 until it has rules. */
export async function ecsNetwork(moto: Moto, elb: ElasticLoadBalancingV2Client) {
  const ec2 = awsClient(EC2Client, moto);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const subnets = Subnets.slice(0, 2).flatMap(({ SubnetId }) => SubnetId ?? []);
  const { LoadBalancers = [] } = await elb.send(
    new CreateLoadBalancerCommand({ Name: 'slipway-test', Scheme: 'internal', Subnets: subnets }),
  );
  const { Listeners = [] } = await elb.send(
    new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers[0]?.LoadBalancerArn,
      Protocol: 'HTTP',
      Port: 80,
      DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
    }),
  );
  return {
    vpc: Subnets[0]?.VpcId ?? '',
    subnets,
    securityGroup: SecurityGroups[0]?.GroupId ?? '',
    listener: Listeners[0]?.ListenerArn ?? '',
  };
}
