import { planFinding } from '#operations/doctor/account-plan.ts';

describe('the plan of an account', () => {
  it('is no finding where it is paid', () => {
    expect(planFinding({ accountPlanType: 'PAID' })).toBeUndefined();
  });

  it('that is free warns of its end, by its day and its credits', () => {
    const found = planFinding({
      accountPlanType: 'FREE',
      accountPlanStatus: 'ACTIVE',
      accountPlanExpirationDate: '2027-01-15T08:00:00Z',
      accountPlanRemainingCredits: { amount: 12, unit: 'USD' },
    });

    expect(found).toEqual({
      result: 'warn',
      says: 'the account is on the Free plan until 2027-01-15 with 12 USD of credits: it lacks services, and AWS closes it when either ends',
      fix: expect.stringMatching(/^Upgrade to the Paid plan/),
    });
  });

  it('that is free and has ended is a failure, also where AWS tells no day', () => {
    expect(planFinding({ accountPlanType: 'FREE', accountPlanStatus: 'EXPIRED' })).toMatchObject({
      result: 'fail',
      says: "the account's Free plan ended",
    });
  });
});
