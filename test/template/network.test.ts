import { type Json, ofType, readTemplate } from './template.ts';

const template = await readTemplate();

describe('the network of models', () => {
  it('has no way out', () => {
    const ways = Object.values(template.Resources).filter(({ Type }) =>
      /NatGateway|InternetGateway|Route$|VPCEndpoint|VPCPeering|TransitGateway|EIP/.test(Type),
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

  it('is in two zones', () => {
    const zones = ofType(template, 'AWS::EC2::Subnet').map(([, { Properties }]) =>
      JSON.stringify(Properties.AvailabilityZone),
    );

    expect(new Set(zones).size).toBe(2);
  });
});
