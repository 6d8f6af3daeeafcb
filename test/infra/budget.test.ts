import { createRequire } from 'node:module';

const budget = createRequire(import.meta.url)('../../infra/budget.cjs');

/** What it adds to the template of a stage in a region. */
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
          Description: expect.stringContaining('told'),
          Default: 'a@example.com',
        },
      });
      expect(Object.keys(Conditions)).toEqual([Resources.Budget.Condition]);
      expect(Resources).toMatchObject({
        Budget: {
          Type: 'AWS::Budgets::Budget',
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

  it('is told of by percentages of what was and will be spent', async () => {
    const { Resources } = await added('us-east-1');

    for (const { Notification } of Resources.Budget.Properties.NotificationsWithSubscribers) {
      expect(Notification).toMatchObject({
        ComparisonOperator: 'GREATER_THAN',
        ThresholdType: 'PERCENTAGE',
      });
    }
  });
});
