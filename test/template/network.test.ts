import vpcLinks from '#domain/data/vpc-link-zones.json' with { type: 'json' };
import { NAMED } from '#operations/doctor/zones.ts';
import { CONTAINERS, type Json, ofType, plain, readTemplate, resourcesWith } from './template.ts';

const template = await readTemplate();

/** The value of an Fn::If of regions in one region. */
function zoneIn(region: string, value: Json): Json {
  if (typeof value !== 'object' || !('Fn::If' in value)) return value;
  const [condition, then, otherwise] = value['Fn::If'];
  const [, named] = template.Conditions[condition]['Fn::Equals'];
  return zoneIn(region, region === named ? then : otherwise);
}

const WAYS_OUT = /NatGateway|InternetGateway|VPCGatewayAttachment|Route$|VPCEndpoint|Peering|EIP/;

describe('the network of model functions', () => {
  it('has no way out, whatever containers there are', () => {
    const ways = Object.values(template.Resources).filter(
      ({ Type, Properties }) =>
        WAYS_OUT.test(Type) && JSON.stringify(Properties).includes('"ModelNetwork"'),
    );

    expect(ways).toEqual([]);
  });

  it('answers no names of the internet', () => {
    expect(template.Resources['ModelNetwork']!.Properties.EnableDnsSupport).toBe(false);
  });

  it('lets nothing in and nothing out of a function', () => {
    const { SecurityGroupEgress, SecurityGroupIngress } =
      template.Resources['ModelSecurityGroup']!.Properties;

    expect(SecurityGroupIngress).toBeUndefined();
    expect(SecurityGroupEgress.map(({ CidrIp, IpProtocol }: Json) => [CidrIp, IpProtocol])).toEqual(
      [['255.255.255.255/32', 'icmp']],
    );
  });

  it('is in two zones, as that of containers is', () => {
    const zonesOf = (network: string) =>
      ofType(template, 'AWS::EC2::Subnet')
        .filter(([, { Properties }]) => plain(Properties.VpcId) === network)
        .map(([, { Properties }]) => JSON.stringify(Properties.AvailabilityZone['Fn::If'][2]));

    expect(new Set(zonesOf('ModelNetwork')).size).toBe(2);
    expect(zonesOf('ContainerNetwork')).toEqual(zonesOf('ModelNetwork'));
  });
});

describe('the network of containers', () => {
  it.each(NAMED)('names two zones of %s that have VPC links', (region) => {
    const zones = ofType(template, 'AWS::EC2::Subnet')
      .filter(([, { Properties }]) => plain(Properties.VpcId) === 'ContainerNetwork')
      .map(([, { Properties }]) => zoneIn(region, Properties.AvailabilityZoneId));

    expect(zones).toEqual(vpcLinks.zones[region].slice(0, 2));
  });

  it('takes the first two zones of other regions', () => {
    const { AvailabilityZoneId } = template.Resources['ContainerSubnetA']!.Properties;

    expect(zoneIn('eu-west-1', AvailabilityZoneId)).toEqual({ Ref: 'AWS::NoValue' });
  });

  it.each([
    ['off', []],
    ['public', ['ContainerGateway', 'ContainerGatewayAttachment', 'ContainerWayOut']],
    [
      'isolated',
      [
        'EcrApiEndpoint',
        'EcrImageEndpoint',
        'LogsEndpoint',
        'EcsEndpoint',
        'EcsAgentEndpoint',
        'EcsTelemetryEndpoint',
        'LayersEndpoint',
      ],
    ],
  ] as const)('%s has as ways out %j', (containers, ways) => {
    const found = Object.entries(resourcesWith(template, containers)).filter(([, { Type }]) =>
      WAYS_OUT.test(Type),
    );

    expect(found.map(([id]) => id)).toEqual(ways);
  });

  // aws/aws-cdk#9864: "The Vpc Endpoint Service 'com.amazonaws.cn-north-1.ecr.dkr' does not exist".
  it.each([
    ['aws', 'com.amazonaws'],
    ['aws-us-gov', 'com.amazonaws'],
    ['aws-cn', 'cn.com.amazonaws'],
    ['aws-eusc', 'eu.amazonaws'],
  ])(
    'names the endpoints of ECR in %s by %s, and all others by com.amazonaws',
    (partition, domain) => {
      const names = ofType(template, 'AWS::EC2::VPCEndpoint').map(([, { Properties }]) => {
        const [text, values] = [Properties.ServiceName['Fn::Sub']].flat();
        const [map, , key] = values?.Domain['Fn::FindInMap'] ?? [];
        return text.replace(`\${Domain}`, map && template.Mappings[map][partition][key]);
      });

      expect(names.map((name) => name.replace(`.\${AWS::Region}`, ''))).toEqual([
        `${domain}.ecr.api`,
        `${domain}.ecr.dkr`,
        ...['logs', 'ecs', 'ecs-agent', 'ecs-telemetry', 's3'].map(
          (name) => `com.amazonaws.${name}`,
        ),
      ]);
    },
  );

  it('is not there without containers', () => {
    const made = Object.values(resourcesWith(template, 'off')).map(({ Type }) => Type);

    expect(
      made.filter((type) => /ECS|ElasticLoadBalancing|VpcLink|VPCEndpoint/.test(type)),
    ).toEqual([]);
    expect(made.filter((type) => type === 'AWS::EC2::VPC')).toHaveLength(1);
  });

  it('gives addresses of the internet only where it reaches the internet', () => {
    for (const id of ['ContainerSubnetA', 'ContainerSubnetB']) {
      expect(template.Resources[id]!.Properties.MapPublicIpOnLaunch).toEqual({
        'Fn::If': ['IsPublic', true, false],
      });
    }
  });

  // Any connection that is not named here is closed in both directions.
  it('leads requests from the VPC link to the load balancer to the containers, and containers to images and logs', () => {
    const inline = ofType(template, 'AWS::EC2::SecurityGroup')
      .filter(([, { Properties }]) => plain(Properties.VpcId) === 'ContainerNetwork')
      .flatMap(([id, { Properties }]) => [
        ...(Properties.SecurityGroupIngress ?? []).map((rule: Json) => ({ ...rule, to: id })),
        ...Properties.SecurityGroupEgress.map((rule: Json) => ({ ...rule, from: id })),
      ]);
    const apart = ofType(template, 'AWS::EC2::SecurityGroupIngress').map(([, { Properties }]) => ({
      ...Properties,
      to: plain(Properties.GroupId),
    }));
    const rules = [...inline, ...apart].map((rule) =>
      [
        rule.from ?? `in ${plain(rule.SourceSecurityGroupId)}`,
        rule.to ?? (rule.CidrIp ? rule.CidrIp : plain(rule.DestinationSecurityGroupId)),
        rule.IpProtocol === 'tcp' ? rule.FromPort : 'nothing',
      ].join(' to '),
    );

    expect(rules).toEqual([
      'VpcLinkSecurityGroup to LoadBalancerSecurityGroup to 80',
      'LoadBalancerSecurityGroup to ContainerSecurityGroup to 1',
      'ContainerSecurityGroup to 0.0.0.0/0 to 443',
      'in ContainerSecurityGroup to EndpointSecurityGroup to 443',
      'EndpointSecurityGroup to 255.255.255.255/32 to nothing',
      'in VpcLinkSecurityGroup to LoadBalancerSecurityGroup to 80',
      'in LoadBalancerSecurityGroup to ContainerSecurityGroup to 1',
    ]);
  });

  it('lets nothing out through an endpoint but to images, and with credentials of this account', () => {
    const statements = ofType(template, 'AWS::EC2::VPCEndpoint').map(([id, { Properties }]) => {
      const [{ Action, Resource, Condition }] = Properties.PolicyDocument.Statement;
      return [id, Condition?.StringEquals ?? `${Action} on ${plain(Resource)}`];
    });
    const own = { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } };

    expect(Object.fromEntries(statements)).toEqual({
      EcrApiEndpoint: own,
      EcrImageEndpoint: own,
      LogsEndpoint: own,
      EcsEndpoint: own,
      EcsAgentEndpoint: own,
      EcsTelemetryEndpoint: own,
      LayersEndpoint: 's3:GetObject on arn:aws:s3:::prod--starport-layer-bucket/*',
    });
  });

  it.each(CONTAINERS)('%s names only what is there', (containers) => {
    const made = resourcesWith(template, containers);
    const dangling = Object.values(made).flatMap(({ Properties }) =>
      referencesIn(Properties, containers).filter(
        (id) => id in template.Resources && !(id in made),
      ),
    );

    expect(dangling).toEqual([]);
  });
});

/** The conditions that no parameter has met by default. */
const OFF: readonly string[] = ['BuildsDockerfiles', 'HasAlarmEmail', 'HasEmail'];

/** The ids that a value refers to, with these containers. */
function referencesIn(value: Json, containers: string): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((each) => referencesIn(each, containers));
  if ('Ref' in value) return [value.Ref];
  if ('Fn::GetAtt' in value) return [value['Fn::GetAtt'][0]];
  if (typeof value['Fn::Sub'] === 'string') {
    return Array.from(value['Fn::Sub'].matchAll(/\$\{(\w+)/g), ([, id = '']) => id);
  }
  if ('Fn::If' in value) return referencesIn(chosen(value['Fn::If'], containers), containers);
  return Object.values(value).flatMap((each) => referencesIn(each, containers));
}

function chosen([condition, yes, no]: Json, containers: string): Json {
  if (condition === 'HasContainers') return containers === 'off' ? no : yes;
  return OFF.includes(condition) ? no : [yes, no];
}
