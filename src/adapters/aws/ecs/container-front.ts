import type { Counter } from '#adapters/aws/logs/metric-sums.ts';

/** The way from the API to the containers of a stage's models. */
export type ContainerFront = {
  readonly stage: string;
  /** ARN of the listener whose rules lead to the models. */
  readonly listener: string;
  /** Name of the load balancer in DNS. */
  readonly host: string;
  /** Id of the VPC link (V2) by which the API reaches the load balancer. */
  readonly vpcLink: string;
};

/** The ARN of the load balancer, which its listener's ARN has in it. */
export function loadBalancerArn({ listener }: ContainerFront): string {
  return listener.replace(':listener/', ':loadbalancer/').replace(/\/[^/]+$/, '');
}

/**
 * What a load balancer counts of one of its target groups.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
export function groupCounter(
  front: ContainerFront,
  targetGroupArn: string,
  name: 'RequestCount' | `HTTPCode_Target_${2 | 3 | 4 | 5}XX_Count`,
): Counter {
  const TargetGroup = targetGroupArn.split(':').at(-1) ?? '';
  const LoadBalancer = loadBalancerArn(front).split(':loadbalancer/').at(-1) ?? '';
  return { namespace: 'AWS/ApplicationELB', name, dimensions: { LoadBalancer, TargetGroup } };
}
