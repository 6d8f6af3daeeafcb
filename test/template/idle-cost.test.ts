import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import idleStack from '#domain/data/idle-stack.json' with { type: 'json' };
import prices from '#domain/data/prices-us-east-1.json' with { type: 'json' };
import { costTable, idleCost, requestedCost, requestedTable } from './idle-cost.ts';
import { CONTAINERS, readTemplate } from './template.ts';

const template = await readTemplate();

// Paid for by use alone, or not at all: nothing of them is charged for being there.
const FREE_WHEN_IDLE = [
  'AWS::ApiGateway::Authorizer',
  'AWS::ApiGateway::BasePathMapping',
  'AWS::ApiGateway::Deployment',
  'AWS::ApiGateway::DomainName',
  'AWS::ApiGateway::GatewayResponse',
  'AWS::ApiGateway::Method',
  'AWS::ApiGateway::Resource',
  'AWS::ApiGateway::RestApi',
  'AWS::ApiGateway::Stage',
  'AWS::ApiGateway::UsagePlan',
  // https://aws.amazon.com/api-gateway/pricing/ has no price for it.
  'AWS::ApiGatewayV2::VpcLink',
  // Each budget that only tells: https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/
  'AWS::Budgets::Budget',
  'AWS::CodeBuild::Project',
  'AWS::DynamoDB::Table',
  'AWS::EC2::InternetGateway',
  'AWS::EC2::Route',
  'AWS::EC2::RouteTable',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::Subnet',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPC',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::ECR::Repository',
  'AWS::ECS::Cluster',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::Events::EventBus',
  'AWS::Events::Rule',
  'AWS::IAM::InstanceProfile',
  'AWS::IAM::Role',
  'AWS::KinesisFirehose::DeliveryStream',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  // Its metric costs only in months in which something is counted.
  'AWS::Logs::MetricFilter',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::StepFunctions::StateMachine',
];
const PRICED = [
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  // Endpoints of type Gateway are free.
  'AWS::EC2::VPCEndpoint',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
];

const GUIDE = join(import.meta.dirname, '../../docs/deploy.md');

/** Resources of parameters that are off: a firewall, a trail and a signing key cost what AWS asks for them. */
const ON_REQUEST = [
  'AWS::CloudTrail::Trail',
  'AWS::KMS::Key',
  'AWS::WAFv2::WebACL',
  'AWS::WAFv2::WebACLAssociation',
];

describe('what an idle stack costs a month', () => {
  it('is what the guide says, item by item', async () => {
    const guide = await readFile(GUIDE, 'utf8');

    expect(guide).toContain(costTable(idleCost(template)));
  });

  it('is more by each parameter that asks for a key or a firewall, as the guide and the commands say', async () => {
    const guide = await readFile(GUIDE, 'utf8');
    const { signReleases, firewall } = requestedCost(template);

    expect(guide).toContain(requestedTable({ signReleases, firewall }));
    expect(idleStack.requestedUsdPerMonth).toEqual({
      signReleases: signReleases.usd,
      firewall: firewall.usd,
    });
  });

  it('is, in whole dollars, what the guide says of each kind of containers', async () => {
    const guide = await readFile(GUIDE, 'utf8');
    const items = idleCost(template);

    for (const containers of CONTAINERS) {
      const usd = Math.round(items.reduce((sum, item) => sum + item.usd[containers], 0));
      expect(guide).toMatch(new RegExp(`^\\| \`${containers}\` \\|.*\\| ${usd}(?:,| \\|)`, 'm'));
    }
  });

  it('is what `slipway deploy` says before it asks', () => {
    const items = idleCost(template);

    for (const containers of CONTAINERS) {
      const usd = items.reduce((sum, item) => sum + item.usd[containers], 0);
      expect(idleStack.usdPerMonth[containers]).toBeCloseTo(usd, 2);
    }
  });

  it('grows by an address for each task that reaches the internet, as the guide says', async () => {
    const guide = await readFile(GUIDE, 'utf8');

    expect(guide).toContain(`$${(prices.publicAddressHour.usd * 730).toFixed(2)} a month`);
  });

  it('has a price for every kind of thing in the template', () => {
    const types = new Set(Object.values(template.Resources).map(({ Type }) => Type));

    expect([...types].toSorted()).toEqual([...FREE_WHEN_IDLE, ...PRICED, ...ON_REQUEST].toSorted());
  });

  it('rests on settings that are paid for by use', () => {
    const { ApiStage, Cluster, Registry } = template.Resources;

    expect(Registry!.Properties.BillingMode).toBe('PAY_PER_REQUEST');
    // A customer's key costs a dollar a month, and so does a stage's cache by the hour.
    expect(Registry!.Properties.SSESpecification['Fn::If'][2]).toEqual({ Ref: 'AWS::NoValue' });
    expect(template.Parameters['KmsKeyArn'].Default).toBe('');
    expect(ApiStage!.Properties.CacheClusterEnabled).toBeUndefined();
    // Each of its metrics would be one that is paid for.
    expect(Cluster!.Properties.ClusterSettings).toEqual([
      { Name: 'containerInsights', Value: 'disabled' },
    ]);
  });
});
