import { DescribeClustersCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeLoadBalancersCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { GetInstanceProfileCommand, IAMClient } from '@aws-sdk/client-iam';
import { AWS_REGION, awsClient } from '../../aws/clients.ts';
import { capital, type Look } from '../parts.ts';

const loadBalancer: Look = async ({ id, properties }, aws) => {
  const find = new DescribeLoadBalancersCommand({ LoadBalancerArns: [id] });
  const elb = awsClient(ElasticLoadBalancingV2Client, aws);
  const { LoadBalancers: [found] = [] } = await elb.send(find);
  const { Attributes: attributes } = await elb.send(
    new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: id }),
  );
  const written: readonly { readonly Key?: string }[] = properties['LoadBalancerAttributes'] ?? [];
  return {
    ...found,
    // Attributes that are not in the template have their defaults.
    LoadBalancerAttributes: attributes?.filter(({ Key }) =>
      written.some((attribute) => attribute.Key === Key),
    ),
    Name: found?.LoadBalancerName,
    Subnets: found?.AvailabilityZones?.map(({ SubnetId }) => SubnetId),
  };
};

const listener: Look = async ({ id }, aws) => {
  const find = new DescribeListenersCommand({ ListenerArns: [id] });
  const { Listeners: [found] = [] } = await awsClient(ElasticLoadBalancingV2Client, aws).send(find);
  return found;
};

const cluster: Look = async ({ properties: { ClusterName } }, aws) => {
  const find = new DescribeClustersCommand({ clusters: [ClusterName], include: ['SETTINGS'] });
  const { clusters: [found] = [] } = await awsClient(ECSClient, aws).send(find);
  const { settings, ...told } = found ?? {};
  return { ...capital(told), ClusterSettings: capital(settings) };
};

const instanceProfile: Look = async ({ id }, aws) => {
  const find = new GetInstanceProfileCommand({ InstanceProfileName: id.split('/').at(-1) });
  const { InstanceProfile } = await awsClient(IAMClient, aws).send(find);
  return { Roles: InstanceProfile?.Roles?.map(({ RoleName }) => RoleName) };
};

/** https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/vpclinks-vpclinkid.html: of API Gateway V2 no client is a dependency. */
const vpcLink: Look = async ({ id }, { endpoint }) => {
  const scope = `AKIAIOSFODNN7EXAMPLE/20260101/${AWS_REGION}/apigateway/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
  const answer = await fetch(`${endpoint}/v2/vpclinks/${id}`, { headers: { authorization } });
  return answer.ok ? capital(await answer.json()) : undefined;
};

export const containerLooks: Readonly<Record<string, Look>> = {
  'AWS::ElasticLoadBalancingV2::LoadBalancer': loadBalancer,
  'AWS::ElasticLoadBalancingV2::Listener': listener,
  'AWS::ECS::Cluster': cluster,
  'AWS::IAM::InstanceProfile': instanceProfile,
  'AWS::ApiGatewayV2::VpcLink': vpcLink,
};
