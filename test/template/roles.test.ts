import {
  type Json,
  list,
  ofType,
  plain,
  readTemplate,
  type Statement,
  statementsOf,
} from './template.ts';

const template = await readTemplate();
const roles = ofType(template, 'AWS::IAM::Role');
const allowed = roles.flatMap(([id, role]) =>
  statementsOf(role)
    .filter(({ Effect }) => Effect === 'Allow')
    .map((statement) => [id, statement] as const),
);

// Actions that know no resources. https://docs.aws.amazon.com/service-authorization/latest/reference/
const WITHOUT_RESOURCES = [
  // CloudWatch shows a composite alarm only to roles that may see all.
  'cloudwatch:DescribeAlarms',
  'cloudwatch:GetMetricData',
  'cloudwatch:ListMetrics',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
  'ecr:GetAuthorizationToken',
  'ecs:DeregisterTaskDefinition',
  'ecs:DescribeTaskDefinition',
  'ecs:ListClusters',
  'ecs:ListTaskDefinitionFamilies',
  'ecs:ListTaskDefinitions',
  // Its resource is a host; the condition names the clusters.
  'ecs:ListTasks',
  'elasticloadbalancing:DescribeRules',
  'elasticloadbalancing:DescribeTags',
  'elasticloadbalancing:DescribeTargetGroups',
  'elasticloadbalancing:DescribeTargetHealth',
  'lambda:GetAccountSettings',
  'lambda:ListFunctions',
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
  'servicequotas:GetAWSDefaultServiceQuota',
  'servicequotas:GetServiceQuota',
  'ssm:DescribeParameters',
  'xray:PutTelemetryRecords',
  'xray:PutTraceSegments',
];

// The policies that exist under a condition.
const NAMES: Readonly<Record<string, readonly string[]>> = {
  HasContainers: ['containers'],
  BuildsDockerfiles: ['OwnImageProject', 'own-images'],
};

describe('the roles of the packaged template', () => {
  it('say what they say', () => {
    const said = roles.map(([id, role]) => [id, statementsOf(role).map(sentence)]);

    expect(Object.fromEntries(said)).toMatchSnapshot();
  });

  it('name every action in full', () => {
    const wild = allowed.filter(([, { Action }]) =>
      list(Action).some((name) => name.includes('*')),
    );

    expect(wild).toEqual([]);
  });

  it('allow on all resources only what knows no resources', () => {
    const everywhere = allowed.filter(([, { Resource }]) => list(Resource).includes('*'));
    const actions = everywhere.flatMap(([, { Action }]) => list(Action));

    expect(actions.filter((name) => !WITHOUT_RESOURCES.includes(name))).toEqual([]);
  });

  it('pass each role to the one service that takes it', () => {
    const passing = allowed.filter(([, { Action }]) => list(Action).includes('iam:PassRole'));
    const passed = passing.map(([id, { Resource, Condition }]) => [
      id,
      list(Resource).map(plain).join(),
      Condition.StringEquals['iam:PassedToService'],
    ]);

    const lambda = ['ModelRole', 'lambda.amazonaws.com'];
    const tasks = ['TaskExecutionRole', 'ecs-tasks.amazonaws.com'];
    const hosts = [
      ['InfrastructureRole', 'ecs.amazonaws.com'],
      ['InstanceRole', 'ec2.amazonaws.com'],
    ];
    expect(passed).toEqual([
      ['ProvisionLambdaRole', ...lambda],
      ['ProvisionFargateRole', ...tasks],
      ...[tasks, ...hosts].map((each) => ['ProvisionEc2Role', ...each]),
      ...[lambda, tasks, ...hosts].map((each) => ['RestartVersionRole', ...each]),
    ]);
  });

  it('allow nothing of containers where the stack has none', () => {
    const services = ['ecs', 'elasticloadbalancing', 'application-autoscaling', 'execute-api'];
    const always = roles.flatMap(([, { Properties }]) =>
      (Properties.Policies ?? [])
        .filter((policy: Json) => !policy['Fn::If'])
        .flatMap(({ PolicyDocument }: Json) => PolicyDocument.Statement as readonly Statement[])
        .flatMap(({ Action }: Statement) => list(Action)),
    );

    expect(always.filter((action) => services.includes(action.split(':')[0]!))).toEqual([]);
    expect(JSON.stringify(roles)).toContain('ecs:CreateService');
  });

  it('have policies for containers and Dockerfiles, which are nothing where the stack has none', () => {
    const conditional = roles.flatMap(([, { Properties }]) =>
      (Properties.Policies ?? []).flatMap((policy: Json) => policy['Fn::If'] ?? []),
    );

    expect(conditional.length).toBeGreaterThan(0);
    for (let at = 0; at < conditional.length; at += 3) {
      const [condition, policy, otherwise] = conditional.slice(at, at + 3);
      expect(NAMES[condition]).toContain(policy.PolicyName);
      expect(policy.PolicyDocument).toEqual(expect.any(Object));
      expect(otherwise).toEqual({ Ref: 'AWS::NoValue' });
    }
  });

  it('name each policy of theirs, and are written in the one version that has variables', () => {
    const policies = roles.flatMap(([, { Properties }]) =>
      (Properties.Policies ?? []).map((policy: Json) => policy['Fn::If']?.[1] ?? policy),
    );
    const documents = [
      ...policies.map(({ PolicyDocument }) => PolicyDocument),
      ...roles.map(([, { Properties }]) => Properties.AssumeRolePolicyDocument),
    ];

    expect(policies.map(({ PolicyName }) => PolicyName).filter((name) => !name)).toEqual([]);
    expect(new Set(documents.map(({ Version }) => Version))).toEqual(new Set(['2012-10-17']));
  });

  it('are taken by one service each', () => {
    const takers = roles.map(([id, { Properties }]) => [
      id,
      Properties.AssumeRolePolicyDocument.Statement.map(
        ({ Effect, Action, Principal }: Statement) => [Effect, Action, Principal],
      ),
    ]);
    const services: Readonly<Record<string, string>> = {
      ApiLogRole: 'firehose.amazonaws.com',
      DeployWorkflowRole: 'states.amazonaws.com',
      EnvironmentProjectRole: 'codebuild.amazonaws.com',
      ImageProjectRole: 'codebuild.amazonaws.com',
      OwnImageProjectRole: 'codebuild.amazonaws.com',
      InfrastructureRole: 'ecs.amazonaws.com',
      InstanceRole: 'ec2.amazonaws.com',
      PromoteWorkflowRole: 'states.amazonaws.com',
      RollbackWorkflowRole: 'states.amazonaws.com',
      TaskExecutionRole: 'ecs-tasks.amazonaws.com',
      UndeployWorkflowRole: 'states.amazonaws.com',
      UploadRuleRole: 'events.amazonaws.com',
    };

    // Persons take these, for a promotion.
    const byServices = ([id]: readonly unknown[]) => id !== 'Promoter' && id !== 'Signer';

    expect(takers.filter(byServices)).toEqual(
      roles
        .filter(byServices)
        .map(([id]) => [
          id,
          [['Allow', 'sts:AssumeRole', { Service: services[id] ?? 'lambda.amazonaws.com' }]],
        ]),
    );
  });

  it('let nobody promote whom the stack does not name, and only by an external id', () => {
    const { Condition, Properties } = template.Resources['Promoter']!;

    expect(Condition).toBe('HasPromoter');
    expect(template.Conditions.HasPromoter).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'PromoterPrincipal' }, ''] }],
    });
    expect(Properties.AssumeRolePolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: { Ref: 'PromoterPrincipal' } },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'PromoterExternalId' } } },
      },
    ]);
  });

  it('let nothing that another account promotes go live without a person, unless the stack is told', () => {
    const { Environment } = template.Resources['AdmitPromotionLambdaFunction']!.Properties;

    expect(Environment.Variables.SLIPWAY_REQUIRE_APPROVAL).toEqual({
      'Fn::If': ['NeedsApproval', 'true', 'false'],
    });
    expect(template.Parameters.RequireApproval.Default).toBe('auto');
    expect(template.Conditions.NeedsApproval).toEqual({
      'Fn::Or': [
        { 'Fn::Equals': [{ Ref: 'RequireApproval' }, 'true'] },
        {
          'Fn::And': [
            { 'Fn::Equals': [{ Ref: 'RequireApproval' }, 'auto'] },
            { Condition: 'HasPromoter' },
          ],
        },
      ],
    });
  });

  it('let who promotes approve nothing: it writes nothing to the table', () => {
    const actions = statementsOf(template.Resources['Promoter']!).flatMap(({ Action }) =>
      list(Action),
    );

    expect(actions.filter((action) => action.startsWith('dynamodb:'))).toEqual([
      'dynamodb:GetItem',
      'dynamodb:Query',
    ]);
  });

  it('let a model write its log, and its code nothing in the network', () => {
    const { ModelRole } = template.Resources;
    const denied = statementsOf(ModelRole!).filter(({ Effect }) => Effect === 'Deny');

    expect(denied.map(sentence)).toEqual([
      'Deny ec2:* on * if {"ArnLike":{"lambda:SourceFunctionArn":"arn:aws:lambda:::function:slipway-test-m-*"}}',
    ]);
  });
});

function sentence({ Effect, Action, Resource, Condition }: Statement): string {
  // The source of builds is named by its bytes.
  const resources = list(Resource)
    .map((resource) => plain(resource).replace(/[0-9a-f]{32}(?=\.zip$)/, 'HASH'))
    .join(', ');
  const condition = Condition
    ? ` if ${JSON.stringify(Condition, (_, value) => (value?.['Fn::Sub'] ? plain(value) : value))}`
    : '';
  return `${Effect} ${list(Action).join(' ')} on ${resources}${condition}`;
}
