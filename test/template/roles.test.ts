import { list, ofType, plain, readTemplate, type Statement, statementsOf } from './template.ts';

const template = await readTemplate();
const roles = ofType(template, 'AWS::IAM::Role');
const allowed = roles.flatMap(([id, role]) =>
  statementsOf(role)
    .filter(({ Effect }) => Effect === 'Allow')
    .map((statement) => [id, statement] as const),
);

// Actions that know no resources. https://docs.aws.amazon.com/service-authorization/latest/reference/
const WITHOUT_RESOURCES = [
  'cloudwatch:GetMetricData',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
  'ecr:GetAuthorizationToken',
  'logs:CreateLogDelivery',
  'logs:DeleteLogDelivery',
  'logs:DescribeLogGroups',
  'logs:DescribeResourcePolicies',
  'logs:GetLogDelivery',
  'logs:ListLogDeliveries',
  'logs:PutResourcePolicy',
  'logs:UpdateLogDelivery',
];

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

  it('pass one role, to Lambda', () => {
    const passing = allowed.filter(([, { Action }]) => list(Action).includes('iam:PassRole'));

    expect(passing.map(([id, statement]) => [id, sentence(statement)])).toEqual([
      [
        'ProvisionLambdaRole',
        'Allow iam:PassRole on ModelRole if {"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}',
      ],
    ]);
  });

  it('are taken by one service each', () => {
    const takers = roles.map(([id, { Properties }]) => [
      id,
      Properties.AssumeRolePolicyDocument.Statement.map(({ Principal }: Statement) => Principal),
    ]);
    const services: Readonly<Record<string, string>> = {
      DeployWorkflowRole: 'states.amazonaws.com',
      ImageProjectRole: 'codebuild.amazonaws.com',
      UploadRuleRole: 'events.amazonaws.com',
    };

    expect(takers).toEqual(
      roles.map(([id]) => [id, [{ Service: services[id] ?? 'lambda.amazonaws.com' }]]),
    );
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
