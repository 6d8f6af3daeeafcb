import { ask, element, type Look } from './stack-parts.ts';

const VERSION = '2016-11-15';

const vpc: Look = async ({ id }, aws) => {
  const ec2 = (target: string, input: Record<string, string>) =>
    ask(aws, { service: 'ec2', target, version: VERSION, input });
  const found = await ec2('DescribeVpcs', { 'VpcId.1': id });
  const isOn = async (Attribute: string) => {
    const answer = await ec2('DescribeVpcAttribute', { VpcId: id, Attribute });
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
  const input = { 'SubnetId.1': id };
  const found = await ask(aws, {
    service: 'ec2',
    target: 'DescribeSubnets',
    version: VERSION,
    input,
  });
  return {
    AvailabilityZone: element(found, 'availabilityZone'),
    AvailabilityZoneId: element(found, 'availabilityZoneId'),
    CidrBlock: element(found, 'cidrBlock'),
    VpcId: element(found, 'vpcId'),
    Tags: tags(found),
  };
};

const securityGroup: Look = async ({ id }, aws) => {
  const input = { 'GroupId.1': id };
  const target = 'DescribeSecurityGroups';
  const found: string = await ask(aws, { service: 'ec2', target, version: VERSION, input });
  const egress = /<ipPermissionsEgress>(.*?)<\/ipPermissionsEgress>/.exec(found)?.[1] ?? '';
  return {
    GroupDescription: element(found, 'groupDescription'),
    VpcId: element(found, 'vpcId'),
    SecurityGroupEgress: [
      {
        CidrIp: element(egress, 'cidrIp'),
        Description: element(egress, 'description'),
        IpProtocol: element(egress, 'ipProtocol'),
        FromPort: Number(element(egress, 'fromPort')),
        ToPort: Number(element(egress, 'toPort')),
      },
    ],
  };
};

function tags(xml: string) {
  const found = xml.matchAll(/<key>(Name)<\/key><value>([^<]*)<\/value>/g);
  return [...found].map(([, Key, Value]) => ({ Key, Value }));
}

export const networkLooks: Readonly<Record<string, Look>> = {
  'AWS::EC2::VPC': vpc,
  'AWS::EC2::Subnet': subnet,
  'AWS::EC2::SecurityGroup': securityGroup,
};
