import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Json, plain, readTemplate } from './template.ts';

const template = await readTemplate();
const propertiesOf = (id: string): Json => template.Resources[id]!.Properties;

describe('the parameter containers', () => {
  it('has three values, and is off where none is given: an account may have no load balancers', async () => {
    const serverless = await readFile(join(import.meta.dirname, '../../serverless.yml'), 'utf8');

    expect(template.Parameters.Containers.AllowedValues).toEqual(['public', 'isolated', 'off']);
    expect(/^ {4}containers: (.*)$/m.exec(serverless)?.[1]).toBe('"off"');
  });
});

describe('the way to containers', () => {
  it('is a load balancer that nobody outside the network reaches', () => {
    expect(propertiesOf('LoadBalancer')).toMatchObject({ Type: 'application', Scheme: 'internal' });
  });

  it('waits for a next byte as long as API Gateway does', () => {
    expect(propertiesOf('LoadBalancer').LoadBalancerAttributes).toEqual([
      { Key: 'idle_timeout.timeout_seconds', Value: '300' },
      { Key: 'access_logs.s3.enabled', Value: 'true' },
      { Key: 'access_logs.s3.bucket', Value: { Ref: 'LogBucket' } },
      { Key: 'access_logs.s3.prefix', Value: 'load-balancer' },
    ]);
  });

  it('answers in JSON what no rule knows', () => {
    const [{ Type, FixedResponseConfig }] = propertiesOf('Listener').DefaultActions;

    expect([Type, FixedResponseConfig.StatusCode, FixedResponseConfig.ContentType]).toEqual([
      'fixed-response',
      '404',
      'application/json',
    ]);
    expect(JSON.parse(FixedResponseConfig.MessageBody)).toEqual(
      JSON.parse(propertiesOf('UnknownPathResponse').ResponseTemplates['application/json']),
    );
  });

  it('owns no rule, target group or service: those are of models', () => {
    const owned = Object.values(template.Resources).filter(({ Type }) =>
      /ListenerRule|TargetGroup|ECS::(?:Service|TaskDefinition|CapacityProvider)/.test(Type),
    );

    expect(owned).toEqual([]);
  });

  it('is probed as clients come, by those who sign with IAM', () => {
    const { AuthorizationType, Integration, RequestParameters } = propertiesOf('ProbeMethod');

    expect(AuthorizationType).toBe('AWS_IAM');
    expect(RequestParameters).toEqual({ 'method.request.path.proxy': true });
    expect(Integration).toEqual({
      Type: 'HTTP_PROXY',
      IntegrationHttpMethod: 'ANY',
      ConnectionType: 'VPC_LINK',
      ConnectionId: { Ref: 'VpcLink' },
      IntegrationTarget: { Ref: 'LoadBalancer' },
      Uri: { 'Fn::Sub': `http://\${LoadBalancer.DNSName}/{proxy}` },
      RequestParameters: { 'integration.request.path.proxy': 'method.request.path.proxy' },
      ResponseTransferMode: 'STREAM',
      TimeoutInMillis: 290_000,
    });
  });
});

describe('the roles of containers', () => {
  it('let ECS pull from the repository of this stage and write the log of models', () => {
    const [{ PolicyDocument }] = propertiesOf('TaskExecutionRole').Policies;
    const granted = PolicyDocument.Statement.map(({ Action, Resource }: Json) => [
      Action,
      plain(Resource),
    ]);

    expect(granted).toEqual([
      ['ecr:GetAuthorizationToken', '*'],
      [
        ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        'Repository',
      ],
      [['logs:CreateLogStream', 'logs:PutLogEvents'], 'ModelLogGroup'],
    ]);
  });

  it('are taken by ECS alone, that for tasks for this account only', () => {
    const [tasks] = propertiesOf('TaskExecutionRole').AssumeRolePolicyDocument.Statement;
    const [hosts] = propertiesOf('InfrastructureRole').AssumeRolePolicyDocument.Statement;

    expect(tasks.Condition.StringEquals).toEqual({
      'aws:SourceAccount': { Ref: 'AWS::AccountId' },
    });
    expect([hosts.Principal, hosts.Condition]).toEqual([
      { Service: 'ecs.amazonaws.com' },
      undefined,
    ]);
  });

  it('have the name for a host that ECS passes, with the region in it', () => {
    expect(plain(propertiesOf('InstanceRole').RoleName)).toBe('ecsInstanceRole-slipway-test-');
    expect(propertiesOf('InstanceRole').RoleName['Fn::Sub']).toContain(`\${AWS::Region}`);
    expect(propertiesOf('InstanceProfile').Roles).toEqual([{ Ref: 'InstanceRole' }]);
  });
});
