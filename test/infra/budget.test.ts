import { createRequire } from 'node:module';

const budget = createRequire(import.meta.url)('../../infra/budget.cjs');

/** The budget that it adds to the template of a stage in a region. */
function added(region: string) {
  const variables: Readonly<Record<string, unknown>> = {
    'self:provider.region': region,
    'sls:stage': 'dev',
    'param:budgetUsd': 50,
    'param:budgetEmail': 'a@example.com',
  };
  return budget({ resolveVariable: async (name: string) => variables[name] });
}

describe('a budget', () => {
  it.each(['cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'us-isob-east-1'])(
    'is not known to CloudFormation in %s',
    async (region) => {
      expect(await added(region)).toEqual({});
    },
  );

  it.each(['us-east-1', 'eu-central-1', 'ap-southeast-1', 'mx-cn-1'])(
    'is what the stage may cost a month, in %s',
    async (region) => {
      const { Parameters, Conditions, Resources } = await added(region);

      expect(Parameters).toEqual({
        BudgetUsd: {
          Type: 'Number',
          Description: expect.stringContaining('0 for no budget'),
          Default: 50,
          MinValue: 0,
        },
        BudgetEmail: {
          Type: 'String',
          Description: expect.stringContaining('notifies'),
          Default: 'a@example.com',
        },
      });
      expect(Conditions).toEqual({
        HasBudget: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'BudgetUsd' }, '0'] }] },
      });
      expect(Resources).toMatchObject({
        Budget: {
          Type: 'AWS::Budgets::Budget',
          Condition: 'HasBudget',
          Properties: {
            Budget: {
              BudgetName: { 'Fn::Sub': expect.stringMatching(/^slipway-dev-.*Region/) },
              BudgetType: 'COST',
              TimeUnit: 'MONTHLY',
              BudgetLimit: { Amount: { Ref: 'BudgetUsd' }, Unit: 'USD' },
            },
          },
        },
      });
    },
  );

  it('counts what the stack made and what was made for its models, each by its own tag', async () => {
    const { Resources } = await added('us-east-1');

    expect(Resources.Budget.Properties.Budget.CostFilters).toEqual({
      TagKeyValue: [
        { 'Fn::Join': ['$', ['aws:cloudformation:stack-name', { Ref: 'AWS::StackName' }]] },
        { 'Fn::Join': ['$', ['user:slipway:stage', 'dev']] },
      ],
    });
  });

  it('is told of before it is spent, when it is, and when it will be, in percent', async () => {
    const { Resources } = await added('us-east-1');

    const told = (NotificationType: string, Threshold: number) => ({
      Notification: {
        NotificationType,
        ComparisonOperator: 'GREATER_THAN',
        ThresholdType: 'PERCENTAGE',
        Threshold,
      },
      Subscribers: [{ SubscriptionType: 'EMAIL', Address: { Ref: 'BudgetEmail' } }],
    });
    expect(Resources.Budget.Properties.NotificationsWithSubscribers).toEqual([
      told('ACTUAL', 80),
      told('ACTUAL', 100),
      told('FORECASTED', 100),
    ]);
  });
});
