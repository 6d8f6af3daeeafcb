import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { costTable, idleCost } from './idle-cost.ts';
import { readTemplate } from './template.ts';

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
  'AWS::CodeBuild::Project',
  'AWS::DynamoDB::Table',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::Subnet',
  'AWS::EC2::VPC',
  'AWS::ECR::Repository',
  'AWS::Events::EventBus',
  'AWS::Events::Rule',
  'AWS::IAM::Role',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
  'AWS::StepFunctions::StateMachine',
];
const PRICED = ['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard'];

describe('what an idle stack costs a month', () => {
  it('is what the README says', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');

    expect(readme).toContain(costTable(idleCost(template)));
  });

  it('has a price for every kind of thing in the template', () => {
    const types = new Set(Object.values(template.Resources).map(({ Type }) => Type));

    expect([...types].toSorted()).toEqual([...FREE_WHEN_IDLE, ...PRICED].toSorted());
  });

  it('rests on settings that are paid for by use', () => {
    const { ApiStage, Registry } = template.Resources;

    expect(Registry!.Properties.BillingMode).toBe('PAY_PER_REQUEST');
    // A customer's key costs a dollar a month, and so does a stage's cache by the hour.
    expect(Registry!.Properties.SSESpecification).toBeUndefined();
    expect(ApiStage!.Properties.CacheClusterEnabled).toBeUndefined();
  });
});
