'use strict';

// Partitions whose CloudFormation has no AWS::Budgets::Budget, by the prefix of their regions: a template with one is refused there, whatever its condition.
// The source is CloudFormation's resource schemas in cfn-lint, region by region (E3006).
const WITHOUT_BUDGETS = /^(cn|us-gov|us-iso)/;

/**
 * The amount that a stage may cost before somebody is notified; off where the parameter `budgetUsd` is 0. A budget itself costs nothing.
 * @param {import('./osls').Variables} variables
 */
module.exports = async ({ resolveVariable }) => {
  const region = await resolveVariable('self:provider.region');
  if (WITHOUT_BUDGETS.test(region)) return {};
  const stage = await resolveVariable('sls:stage');
  return {
    Parameters: {
      BudgetUsd: {
        Type: 'Number',
        Description:
          'What the stage may cost a month, in USD, before budgetEmail is notified; 0 for no budget.',
        Default: await resolveVariable('param:budgetUsd'),
        MinValue: 0,
      },
      BudgetEmail: {
        Type: 'String',
        Description: 'The e-mail address that the budget notifies.',
        Default: await resolveVariable('param:budgetEmail'),
      },
    },
    Conditions: { HasBudget: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'BudgetUsd' }, '0'] }] } },
    Resources: { Budget: budget(stage) },
  };
};

/** @param {string} stage */
function budget(stage) {
  const subscriber = { SubscriptionType: 'EMAIL', Address: { Ref: 'BudgetEmail' } };
  /**
   * @param {'ACTUAL' | 'FORECASTED'} NotificationType
   * @param {number} Threshold percent of the budget
   */
  const notification = (NotificationType, Threshold) => ({
    Notification: {
      NotificationType,
      ComparisonOperator: 'GREATER_THAN',
      ThresholdType: 'PERCENTAGE',
      Threshold,
    },
    Subscribers: [subscriber],
  });
  return {
    Type: 'AWS::Budgets::Budget',
    Condition: 'HasBudget',
    Properties: {
      Budget: {
        BudgetName: { 'Fn::Sub': `slipway-${stage}-\${AWS::Region}` },
        BudgetType: 'COST',
        TimeUnit: 'MONTHLY',
        BudgetLimit: { Amount: { Ref: 'BudgetUsd' }, Unit: 'USD' },
        // CloudFormation's resources have its own tag, and those of models the stage's; a budget sees both only once they are activated as cost allocation tags (docs/deploy.md).
        // https://docs.aws.amazon.com/cli/latest/reference/budgets/create-budget.html has the form: the key, a dollar sign, the value.
        CostFilters: {
          TagKeyValue: [
            tag('aws:cloudformation:stack-name', { Ref: 'AWS::StackName' }),
            tag('user:slipway:stage', stage),
          ],
        },
      },
      NotificationsWithSubscribers: [
        notification('ACTUAL', 80),
        notification('ACTUAL', 100),
        notification('FORECASTED', 100),
      ],
    },
  };
}

/**
 * @param {string} key
 * @param {import('./osls').Resolved} value
 */
function tag(key, value) {
  return { 'Fn::Join': ['$', [key, value]] };
}
