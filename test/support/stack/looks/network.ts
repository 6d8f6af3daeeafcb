import type { Json } from '../../../template/template.ts';
import { ask, element, type Look } from '../parts.ts';

const VERSION = '2016-11-15';

function ec2(
  aws: Parameters<Look>[1],
  target: string,
  input: Readonly<Record<string, string>>,
): Promise<string> {
  return ask(aws, { service: 'ec2', target, version: VERSION, input });
}

const vpc: Look = async ({ id }, aws) => {
  const found = await ec2(aws, 'DescribeVpcs', { 'VpcId.1': id });
  const isOn = async (Attribute: string) => {
    const answer = await ec2(aws, 'DescribeVpcAttribute', { VpcId: id, Attribute });
    return /<value>true<\/value>/.test(answer);
  };
  return {
    CidrBlock: element(found, 'cidrBlock'),
    EnableDnsSupport: await isOn('enableDnsSupport'),
    EnableDnsHostnames: await isOn('enableDnsHostnames'),
    Tags: tags(found),
  };
};

const subnet: Look = async ({ id }, aws) => {
  const found = await ec2(aws, 'DescribeSubnets', { 'SubnetId.1': id });
  return {
    AvailabilityZone: element(found, 'availabilityZone'),
    AvailabilityZoneId: element(found, 'availabilityZoneId'),
    CidrBlock: element(found, 'cidrBlock'),
    MapPublicIpOnLaunch: element(found, 'mapPublicIpOnLaunch'),
    VpcId: element(found, 'vpcId'),
    Tags: tags(found),
  };
};

const securityGroup: Look = async ({ id }, aws) => {
  const found = await ec2(aws, 'DescribeSecurityGroups', { 'GroupId.1': id });
  return {
    GroupDescription: element(found, 'groupDescription'),
    VpcId: element(found, 'vpcId'),
    SecurityGroupEgress: [ruleIn(found, 'ipPermissionsEgress', 'DestinationSecurityGroupId')],
  };
};

const ingress: Look = async ({ properties: { GroupId } }, aws) => {
  const found = await ec2(aws, 'DescribeSecurityGroups', { 'GroupId.1': GroupId });
  const rule = ruleIn(found, 'ipPermissions', 'SourceSecurityGroupId');
  return rule.IpProtocol && { GroupId, ...rule };
};

/** The first rule of a group in one direction. */
function ruleIn(xml: string, direction: string, other: string): Json {
  const rule = new RegExp(`<${direction}>(.*?)</${direction}>`).exec(xml)?.[1] ?? '';
  return {
    CidrIp: element(rule, 'cidrIp'),
    Description: element(rule, 'description'),
    IpProtocol: element(rule, 'ipProtocol'),
    FromPort: Number(element(rule, 'fromPort')),
    ToPort: Number(element(rule, 'toPort')),
    [other]: element(rule, 'groupId'),
  };
}

const gateway: Look = async ({ id }, aws) => ({
  Tags: tags(await ec2(aws, 'DescribeInternetGateways', { 'InternetGatewayId.1': id })),
});

const attachment: Look = async ({ properties: { InternetGatewayId } }, aws) => {
  const input = { 'InternetGatewayId.1': InternetGatewayId };
  const found = await ec2(aws, 'DescribeInternetGateways', input);
  return { InternetGatewayId, VpcId: element(found, 'vpcId') };
};

const routeTable: Look = async ({ id }, aws) => {
  const found = await ec2(aws, 'DescribeRouteTables', { 'RouteTableId.1': id });
  return { VpcId: element(found, 'vpcId'), Tags: tags(found) };
};

const association: Look = async ({ properties: { RouteTableId, SubnetId } }, aws) => {
  const found = await ec2(aws, 'DescribeRouteTables', { 'RouteTableId.1': RouteTableId });
  return found.includes(`<subnetId>${SubnetId}</subnetId>`) && { RouteTableId, SubnetId };
};

const route: Look = async ({ properties: { RouteTableId, DestinationCidrBlock } }, aws) => {
  const found = await ec2(aws, 'DescribeRouteTables', { 'RouteTableId.1': RouteTableId });
  const [own = ''] = found.split('<item>').filter((item) => item.includes(DestinationCidrBlock));
  return own && { RouteTableId, DestinationCidrBlock, GatewayId: element(own, 'gatewayId') };
};

function tags(xml: string) {
  const found = xml.matchAll(/<key>(Name)<\/key><value>([^<]*)<\/value>/g);
  return [...found].map(([, Key, Value]) => ({ Key, Value }));
}

export const networkLooks: Readonly<Record<string, Look>> = {
  'AWS::EC2::VPC': vpc,
  'AWS::EC2::Subnet': subnet,
  'AWS::EC2::SecurityGroup': securityGroup,
  'AWS::EC2::SecurityGroupIngress': ingress,
  'AWS::EC2::InternetGateway': gateway,
  'AWS::EC2::VPCGatewayAttachment': attachment,
  'AWS::EC2::RouteTable': routeTable,
  'AWS::EC2::SubnetRouteTableAssociation': association,
  'AWS::EC2::Route': route,
};
