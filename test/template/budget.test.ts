import { readTemplate, resourcesWith } from './template.ts';

const template = await readTemplate();
const { Budget } = template.Resources;

describe('the budget', () => {
  it('is there only where an amount is given', () => {
    expect(Budget!.Condition).toBe('HasBudget');
    expect(template.Conditions).toHaveProperty('HasBudget');
    expect(template.Parameters.BudgetUsd.Default).toBe(0);
    expect(resourcesWith(template, 'public')['Budget']).toBeUndefined();
  });
});
