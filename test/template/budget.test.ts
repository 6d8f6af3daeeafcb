import { readTemplate, resourcesWith } from './template.ts';

const template = await readTemplate();
const { Budget } = template.Resources;

describe('the budget', () => {
  it('is there only where an amount is given', () => {
    expect(Budget!.Condition).toBe('HasBudget');
    expect(template.Conditions.HasBudget).toEqual({
      'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'BudgetUsd' }, '0'] }],
    });
    expect(template.Parameters.BudgetUsd.Default).toBe(0);
    expect(resourcesWith(template, 'public')['Budget']).toBeUndefined();
  });

  it('counts what the stack made and what was made for its models, each by its own tag', () => {
    expect(Budget!.Properties.Budget.CostFilters).toEqual({
      TagKeyValue: [
        { 'Fn::Join': ['$', ['aws:cloudformation:stack-name', { Ref: 'AWS::StackName' }]] },
        { 'Fn::Join': ['$', ['user:slipway:stage', 'test']] },
      ],
    });
  });

  it('is told of before it is spent, when it is, and when it will be', () => {
    const told = Budget!.Properties.NotificationsWithSubscribers.map(
      ({ Notification: { NotificationType, Threshold }, Subscribers }: never) => [
        NotificationType,
        Threshold,
        Subscribers,
      ],
    );
    const who = [{ SubscriptionType: 'EMAIL', Address: { Ref: 'BudgetEmail' } }];

    expect(told).toEqual([
      ['ACTUAL', 80, who],
      ['ACTUAL', 100, who],
      ['FORECASTED', 100, who],
    ]);
  });
});
