import { AWS_SHIFTS } from '#domain/rollout/plan-shift.ts';
import { type Json, readTemplate } from './template.ts';

const template = await readTemplate();

describe('stages', () => {
  it("have names without hyphens, so that no stage's names begin with another's", () => {
    const { AllowedPattern } = template.Parameters.Stage;
    const pattern = new RegExp(`^(?:${AllowedPattern})$`);
    const fits = ['dev', 'a', 'production12x', 'a-m-b', '1st', 'Dev', 'fourteenletter'].filter(
      (stage) => pattern.test(stage),
    );

    expect(fits).toEqual(['dev', 'a', 'production12x']);
  });

  it('have a team whose name AWS takes as a tag', () => {
    const pattern = new RegExp(`^(?:${template.Parameters.Team.AllowedPattern})$`);
    const fits = ['vision', 'Data Science', 'aws', 'aws:vision', 'AWS:x', ' vision', ''].filter(
      (team) => pattern.test(team),
    );

    expect(fits).toEqual(['vision', 'Data Science', 'aws']);
  });

  it('isolate: whatever is named has the stage in its name', () => {
    // These are not the resource's own name, but another thing's.
    const others = ['AttributeName', 'DisplayName', 'MetricName', 'StageName'];
    const names = Object.values(template.Resources).flatMap(({ Properties }) =>
      Object.entries(Properties ?? {})
        .filter(([key]) => key.endsWith('Name') && !others.includes(key))
        .map(([, value]) => value)
        .filter((value) => typeof value === 'string'),
    );

    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !/slipway[-/]test/.test(name))).toEqual([]);
  });
});

describe('the outputs of the packaged template', () => {
  it('are what the command line reads and a person copies', () => {
    const { ServerlessDeploymentBucketName: _, ...outputs } = template.Outputs;

    expect(Object.keys(outputs)).toEqual([
      'Bucket',
      'LogBucket',
      'Table',
      'KeyPartitions',
      'KeyExpiry',
      'Bus',
      'StateMachine',
      'PromoteWorkflow',
      'RollbackWorkflow',
      'UndeployWorkflow',
      'Promoter',
      'SigningKey',
      'Signer',
      'NotificationTopic',
      'Api',
      'ApiUrl',
      'ApiStage',
      'ModelsResource',
      'Authorizer',
      'UsagePlan',
      'Repository',
      'Environments',
      'ImageProject',
      'EnvironmentProject',
      'FunctionPrefix',
      'ModelRole',
      'ModelSubnets',
      'ModelSecurityGroup',
      'ModelLogGroup',
      'BuildLogGroup',
      'EnvironmentHash',
      'Stage',
      'Containers',
      'Listener',
      'LoadBalancer',
      'VpcLink',
      'Vpc',
      'ContainerSubnets',
      'ContainerSecurityGroup',
      'Cluster',
      'ExecutionRole',
      'InfrastructureRole',
      'InstanceProfile',
      'BakeSeconds',
      'RequestsPerSecond',
      'AccessLog',
      'CorsOrigins',
      'Endpoint',
      'DomainTarget',
      'Curl',
    ]);
  });

  it('of containers are told only where the stack has them', () => {
    const conditional = Object.entries<Json>(template.Outputs).filter(
      ([, { Condition }]) => Condition === 'HasContainers',
    );

    expect(conditional.map(([name]) => name)).toEqual([
      'Listener',
      'LoadBalancer',
      'VpcLink',
      'Vpc',
      'ContainerSubnets',
      'ContainerSecurityGroup',
      'Cluster',
      'ExecutionRole',
      'InfrastructureRole',
      'InstanceProfile',
    ]);
  });

  // CloudFormation answers others as question marks.
  it('have ASCII characters only, as all of the template', () => {
    expect(JSON.stringify(template)).toMatch(/^[ -~]*$/);
  });

  // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html: counts are there within minutes.
  it('watches an upgrade for longer than counts of clients are late', () => {
    const { BakeSeconds } = template.Parameters;

    expect(Number(BakeSeconds.Default)).toBeGreaterThanOrEqual(180);
    expect(AWS_SHIFTS.canaryBakeSeconds).toBeGreaterThanOrEqual(180);
  });
});
