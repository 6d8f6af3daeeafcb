import type { Counter } from '#adapters/aws/logs/metric-sums.ts';

/** The path from the API to the containers of a stage's models. */
export type ContainerFront = {
  readonly stage: string;
  /** ARN of the listener whose rules route to the models. */
  readonly listener: string;
  /** The load balancer's DNS name. */
  readonly host: string;
  /** Id of the VPC link (V2) through which the API reaches the load balancer. */
  readonly vpcLink: string;
};

/** The load balancer's ARN, derived from its listener's ARN. */
export function loadBalancerArn({ listener }: ContainerFront): string {
  return listener.replace(':listener/', ':loadbalancer/').replace(/\/[^/]+$/, '');
}

/**
 * A load balancer's metric for one of its target groups.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
 */
export function groupCounter(
  front: ContainerFront,
  targetGroupArn: string,
  name: 'RequestCount' | 'TargetResponseTime' | `HTTPCode_Target_${2 | 3 | 4 | 5}XX_Count`,
): Counter {
  const TargetGroup = targetGroupArn.split(':').at(-1) ?? '';
  const LoadBalancer = loadBalancerArn(front).split(':loadbalancer/').at(-1) ?? '';
  return { namespace: 'AWS/ApplicationELB', name, dimensions: { LoadBalancer, TargetGroup } };
}
